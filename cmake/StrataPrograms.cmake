# SPDX-License-Identifier: Apache-2.0
# Everything that is a program: strata itself, tests without a folder in src/, fuzz targets and
# benchmarks.

# Every folder at once, for programs that want the whole stack.
add_library(strata_folders INTERFACE)
target_link_libraries(strata_folders INTERFACE ${STRATA_FOLDERS})
add_compile_options(${STRATA_HOSTED_OPTIONS})

# Modules that are loaded by their path: a folder of their own, for the one above is the linker's.
set(STRATA_INSTALL_MODULEDIR ${CMAKE_INSTALL_LIBDIR}/strata)

# strata: apps/strata/main.cpp is the program, all other files are a library its tests can reach.
function(strata_application)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/apps/strata/*.cpp)
  set(main ${PROJECT_SOURCE_DIR}/apps/strata/main.cpp)
  if(NOT main IN_LIST sources)
    return()
  endif()
  list(REMOVE_ITEM sources ${main})
  set(scope INTERFACE)
  if(sources)
    set(scope PUBLIC)
  endif()
  add_library(strata_app ${sources})
  set_target_properties(strata_app PROPERTIES POSITION_INDEPENDENT_CODE ON)
  strata_precompiled(strata_app strata_service_header)
  strata_unity(strata_app ALONE strata/cli/verbs.cpp)
  target_include_directories(strata_app ${scope} ${PROJECT_SOURCE_DIR}/apps)
  target_link_libraries(strata_app ${scope} strata_folders fmt::fmt)
  target_compile_definitions(strata_app ${scope} STRATA_VERSION="${PROJECT_VERSION}")
  cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_LIBDIR BASE_DIRECTORY ${CMAKE_INSTALL_FULL_BINDIR}
             OUTPUT_VARIABLE library_folder)
  cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_LIBEXECDIR BASE_DIRECTORY ${CMAKE_INSTALL_FULL_BINDIR}
             OUTPUT_VARIABLE program_folder)
  target_compile_definitions(strata_app PRIVATE STRATA_MODULE_FOLDER="${library_folder}/strata"
                                                STRATA_PROGRAM_FOLDER="${program_folder}/strata")
  add_executable(strata ${main})
  target_link_libraries(strata PRIVATE strata_app)
  install(TARGETS strata RUNTIME COMPONENT program)
  strata_man_pages()
  strata_tests(apps/strata AREA programs DEPENDS strata_app)
endfunction()

# Manual pages say what --help says.
function(strata_man_pages)
  if(CMAKE_CROSSCOMPILING OR STRATA_SANITIZE)
    return()
  endif()
  find_package(Python3 COMPONENTS Interpreter)
  if(NOT Python3_FOUND)
    return()
  endif()
  set(pages ${PROJECT_BINARY_DIR}/man)
  set(writer ${PROJECT_SOURCE_DIR}/tools/man_pages.py)
  add_custom_command(OUTPUT ${pages}/strata.1.gz
                     COMMAND ${Python3_EXECUTABLE} ${writer} $<TARGET_FILE:strata>
                             ${PROJECT_VERSION} ${pages}
                     DEPENDS strata ${writer} VERBATIM)
  add_custom_target(strata_man ALL DEPENDS ${pages}/strata.1.gz)
  install(DIRECTORY ${pages}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
endfunction()

# libstrata_packetdrill.so: what packetdrill loads. Only its one entry is seen from outside.
function(strata_packetdrill)
  if(CMAKE_CROSSCOMPILING OR STRATA_SANITIZE)
    return()
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/apps/packetdrill/*.cpp)
  add_library(strata_packetdrill MODULE ${sources})
  strata_precompiled(strata_packetdrill strata_hosted_header)
  set_target_properties(strata_packetdrill PROPERTIES CXX_VISIBILITY_PRESET hidden
                                                      VISIBILITY_INLINES_HIDDEN ON)
  target_include_directories(strata_packetdrill PRIVATE ${PROJECT_SOURCE_DIR}/apps)
  target_link_libraries(strata_packetdrill PRIVATE strata_folders fmt::fmt)
  target_link_options(strata_packetdrill PRIVATE -Wl,--exclude-libs,ALL)
  install(TARGETS strata_packetdrill LIBRARY DESTINATION ${STRATA_INSTALL_MODULEDIR}
          COMPONENT program)
endfunction()

# libstrata_preload.so: what `strata run` loads into programs. It brings nothing of C++'s along, for
# the program may have another; libc calls it first of all.
function(strata_preload)
  if(CMAKE_CROSSCOMPILING OR STRATA_SANITIZE)
    return()
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/apps/preload/*.cpp
                                      ${PROJECT_SOURCE_DIR}/src/attach/client/*.cpp)
  add_library(strata_preload MODULE ${sources} ${PROJECT_SOURCE_DIR}/src/base/check.cpp)
  set_target_properties(strata_preload PROPERTIES CXX_VISIBILITY_PRESET hidden
                                                  VISIBILITY_INLINES_HIDDEN ON)
  target_include_directories(strata_preload PRIVATE ${PROJECT_SOURCE_DIR}/apps
                             ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  target_compile_options(strata_preload PRIVATE -fno-exceptions -fno-rtti -fno-threadsafe-statics
                                                -U_FORTIFY_SOURCE)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # Its table of descriptors is made while it is compiled.
    target_compile_options(strata_preload PRIVATE -fconstexpr-steps=8000000)
  endif()
  target_link_options(strata_preload PRIVATE -Wl,--as-needed -static-libgcc -Wl,-z,initfirst
                                             -Wl,-z,now -Wl,--no-undefined)
  if(STRATA_TESTS)
    add_test(NAME preload_needs COMMAND ${CMAKE_READELF} -d $<TARGET_FILE:strata_preload>)
    set_tests_properties(preload_needs PROPERTIES LABELS build
                         FAIL_REGULAR_EXPRESSION "libstdc|libc\\+\\+|libgcc_s")
  endif()
  install(TARGETS strata_preload LIBRARY DESTINATION ${STRATA_INSTALL_MODULEDIR} COMPONENT program)
  if(TARGET strata)
    add_dependencies(strata strata_preload)
  endif()
endfunction()

# strata-bench: bench/main.cpp with all bench/*_bench.cpp; bench/harness and bench/peers are a
# library. Whoever wants Strata alone does not wait for it: it is built with the tests, and by
# ./dev install. bench/ns3 is a program against ns-3, which bench/harness/ns3.py compiles.
function(strata_benchmarks)
  file(GLOB harness CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/harness/*.cpp
                                      ${PROJECT_SOURCE_DIR}/bench/peers/*.cpp)
  file(GLOB benches CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*_bench.cpp)
  add_library(strata_bench STATIC EXCLUDE_FROM_ALL ${harness})
  target_include_directories(strata_bench PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(strata_bench PUBLIC strata_folders fmt::fmt)
  find_library(STRATA_LWIP lwip)
  find_path(STRATA_LWIP_INCLUDE lwip/init.h PATH_SUFFIXES lwip)
  if(STRATA_LWIP AND STRATA_LWIP_INCLUDE)
    target_include_directories(strata_bench SYSTEM PRIVATE ${STRATA_LWIP_INCLUDE})
    target_compile_definitions(strata_bench PUBLIC STRATA_HAVE_LWIP)
    target_link_libraries(strata_bench PUBLIC ${STRATA_LWIP})
  endif()
  strata_tests(bench AREA bench DEPENDS strata_bench)

  add_executable(strata-bench ${PROJECT_SOURCE_DIR}/bench/main.cpp ${benches})
  strata_only_for_tests(strata-bench)
  target_link_libraries(strata-bench PRIVATE strata_bench)
  strata_asio_user(strata-bench)
  install(PROGRAMS $<TARGET_FILE:strata-bench> DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/strata
          COMPONENT bench OPTIONAL)
endfunction()

# Whether the build has all folders that a source includes: one with STRATA_RANK_MAX may not.
function(strata_has_folders_of source result)
  file(STRINGS ${source} includes REGEX "^#include \"[a-z_0-9]+/")
  set(${result} TRUE PARENT_SCOPE)
  # Public headers are of no folder; of those that fuzz targets include one is above the drivers.
  list(TRANSFORM includes REPLACE "strata/switch.h" "service/switch.h")
  foreach(include ${includes})
    string(REGEX REPLACE "^#include \"(socket/[a-z]+|[a-z_0-9]+)/.*" "\\1" folder "${include}")
    string(REPLACE "/" "_" target strata_${folder})
    if(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/src/${folder} AND NOT TARGET ${target})
      set(${result} FALSE PARENT_SCOPE)
    endif()
  endforeach()
endfunction()

# A program per fuzz/*_fuzz.cpp. With libFuzzer it explores; otherwise it replays its corpus, so
# that in every build each input ever found is a unit test.
function(strata_fuzzers)
  file(GLOB fuzzers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/fuzz/*_fuzz.cpp)
  if(NOT STRATA_LIBFUZZER)
    add_library(strata_replay OBJECT ${PROJECT_SOURCE_DIR}/tests/support/fuzz_replay.cpp)
    strata_only_for_tests(strata_replay)
    target_compile_options(strata_replay PRIVATE -O0)
  endif()
  foreach(source ${fuzzers})
    strata_has_folders_of(${source} has_folders)
    if(NOT has_folders)
      continue()
    endif()
    cmake_path(GET source STEM name)
    string(REGEX REPLACE "_fuzz$" "" subject ${name})
    set(corpus ${PROJECT_SOURCE_DIR}/fuzz/corpus/${subject})
    add_executable(${name} ${source})
    strata_only_for_tests(${name})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/tests)
    target_link_libraries(${name} PRIVATE strata_folders)
    set_target_properties(${name} PROPERTIES
                          RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
    if(STRATA_LIBFUZZER)
      target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    else()
      target_compile_options(${name} PRIVATE -O0)  # what it calls is optimised
      target_link_libraries(${name} PRIVATE strata_replay)
      add_test(NAME ${name} COMMAND ${name} ${corpus})
      set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT 300)
    endif()
  endforeach()
endfunction()

# Counterparts for the scripts in tests/interop that no verb of strata can play.
function(strata_interop_peers)
  file(GLOB peers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/interop/*_peer.cpp)
  foreach(source ${peers})
    cmake_path(GET source STEM name)
    add_executable(${name} ${source})
    strata_only_for_tests(${name})
    target_link_libraries(${name} PRIVATE strata_folders)
    set_target_properties(${name} PROPERTIES
                          RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/interop)
  endforeach()
endfunction()

# planted_test: one source file of TCP with a bug that no other program has, for the explorer to
# find (tests/planted). What it defines stands before the library's, which is then not asked for
# it; for that the library has it as a member of its own.
function(strata_planted_bug)
  set(source ${PROJECT_SOURCE_DIR}/src/tcp/receive/reassembly.cpp)
  set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  strata_tests(planted AREA simulation DEPENDS strata_service)
  target_sources(planted_test PRIVATE ${source})
  target_compile_definitions(planted_test PRIVATE STRATA_PLANTED_BUG)
endfunction()

if(STRATA_TESTS)
  if(TARGET strata_script)
    strata_tests(conformance AREA protocols DEPENDS strata_folders)
  endif()
  if(TARGET strata_service)
    strata_planted_bug()
  endif()
  if(NOT CMAKE_CROSSCOMPILING AND NOT STRATA_SANITIZE)
    strata_tests(tidy AREA build)
    strata_check_symbols()
    add_test(NAME rfc_coverage COMMAND ${PROJECT_SOURCE_DIR}/tests/tidy/rfc_coverage_test.py)
    add_test(NAME bench_report COMMAND ${PROJECT_SOURCE_DIR}/tests/bench/report_test.py)
    add_test(NAME bench_smoke COMMAND strata-bench --smoke udp)
    add_test(NAME rfc_coverage_page
             COMMAND ${PROJECT_SOURCE_DIR}/tools/rfc_coverage.py --check)
    add_test(NAME mutations_fit
             COMMAND ${PROJECT_SOURCE_DIR}/tests/mutations/run.py --check)
    set_tests_properties(rfc_coverage rfc_coverage_page bench_report bench_smoke mutations_fit
                         PROPERTIES LABELS build)
  endif()
endif()
if(STRATA_FUZZERS)
  strata_fuzzers()
endif()
if(STRATA_PROGRAMS)
  strata_application()
  strata_packetdrill()
  strata_preload()
  strata_interop_peers()
  strata_benchmarks()
endif()
