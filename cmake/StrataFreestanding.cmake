# SPDX-License-Identifier: Apache-2.0
# The firmware check: ranks 0 to 3 on a Cortex-M3 without heap, exceptions, RTTI or a system.
# Building it is the check; it prints what the firmware costs.

add_executable(firmware ${PROJECT_SOURCE_DIR}/tests/freestanding/main.cpp)
target_include_directories(firmware PRIVATE ${PROJECT_SOURCE_DIR}/tests)
target_compile_options(firmware PRIVATE -fno-exceptions -fno-rtti)
target_link_libraries(firmware PRIVATE ${STRATA_FOLDERS})
set(layout ${PROJECT_SOURCE_DIR}/tests/freestanding/cortex_m3.ld)
target_link_options(firmware PRIVATE -T ${layout} -nostartfiles -Wl,--gc-sections)
set_target_properties(firmware PROPERTIES LINK_DEPENDS ${layout} SUFFIX .elf)

strata_core_archives(archives)
add_custom_target(freestanding_check ALL
  COMMAND ${PROJECT_SOURCE_DIR}/tools/check_symbols.sh ${CMAKE_NM} ${archives}
  COMMAND ${PROJECT_SOURCE_DIR}/tools/check_symbols.sh --firmware ${CMAKE_NM}
          $<TARGET_FILE:firmware>
  COMMAND ${PROJECT_SOURCE_DIR}/tools/firmware_size.sh ${STRATA_SIZE} $<TARGET_FILE:firmware>
  DEPENDS firmware ${STRATA_FOLDERS}
  VERBATIM)
