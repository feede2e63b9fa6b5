# SPDX-License-Identifier: Apache-2.0
# Ranks 0 to 3 take memory from their owner. Their archives must not even mention operator new,
# the C heap (one file excepted: HeapMemory is the heap) or the exception run-time.

# strata_core_archives(OUT): the archives of ranks 0 to 3 that this build has.
function(strata_core_archives out)
  set(archives "")
  foreach(folder ${STRATA_FOLDERS})
    get_target_property(kind ${folder} TYPE)
    get_target_property(rank ${folder} STRATA_RANK)
    if(kind STREQUAL "STATIC_LIBRARY" AND rank LESS_EQUAL 3)
      list(APPEND archives $<TARGET_FILE:${folder}>)
    endif()
  endforeach()
  set(${out} ${archives} PARENT_SCOPE)
endfunction()

function(strata_check_symbols)
  strata_core_archives(archives)
  add_test(NAME symbols COMMAND ${PROJECT_SOURCE_DIR}/tools/check_symbols.sh
           ${CMAKE_NM} ${archives})
  set_tests_properties(symbols PROPERTIES LABELS build)
endfunction()
