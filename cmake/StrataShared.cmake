# SPDX-License-Identifier: Apache-2.0
# libstrata.so: the C interface, whose names alone it exports. A new major number of the C interface
# would be a new SOVERSION; C++ users link the archive.

if(STRATA_RANK_MAX LESS 7 OR STRATA_SANITIZE OR CMAKE_CROSSCOMPILING OR NOT STRATA_PROGRAMS)
  return()
endif()

set(map ${PROJECT_SOURCE_DIR}/cmake/libstrata.map)
add_library(strata_shared SHARED $<TARGET_OBJECTS:strata_capi>)
target_include_directories(strata_shared PUBLIC
                           $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                           $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(strata_shared PRIVATE strata_socket_posix strata_driver strata_runtime
                                            strata_service fmt::fmt)
target_link_options(strata_shared PRIVATE -Wl,--version-script=${map} -Wl,--no-undefined)
set_target_properties(strata_shared PROPERTIES OUTPUT_NAME strata LINKER_LANGUAGE CXX
                      VERSION 0.${PROJECT_VERSION} SOVERSION 0 LINK_DEPENDS ${map})
install(TARGETS strata_shared LIBRARY COMPONENT runtime NAMELINK_COMPONENT library)

if(STRATA_TESTS)
  # The header is C: a C compiler of the strict kind says so, and the program runs.
  enable_language(C)
  add_executable(c_program_test ${PROJECT_SOURCE_DIR}/tests/capi/c_program.c)
  strata_only_for_tests(c_program_test)
  set_target_properties(c_program_test PROPERTIES C_STANDARD 99 C_EXTENSIONS OFF)
  target_compile_options(c_program_test PRIVATE -Wpedantic)
  target_link_libraries(c_program_test PRIVATE strata_shared)
  add_test(NAME c_program COMMAND c_program_test)
  add_executable(example_c_echo ${PROJECT_SOURCE_DIR}/examples/c_echo.c)
  strata_only_for_tests(example_c_echo)
  add_dependencies(strata_examples example_c_echo)
  set_target_properties(example_c_echo PROPERTIES C_STANDARD 99 OUTPUT_NAME c_echo
                        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/examples)
  target_link_libraries(example_c_echo PRIVATE strata_shared)
  add_test(NAME example_c_echo COMMAND example_c_echo)

  add_test(NAME python_program COMMAND ${PROJECT_SOURCE_DIR}/examples/c_api.py
           $<TARGET_FILE:strata_shared>)
  add_test(NAME exported_symbols COMMAND ${PROJECT_SOURCE_DIR}/tools/check_exports.sh
           ${CMAKE_NM} $<TARGET_FILE:strata_shared> ${PROJECT_SOURCE_DIR}/tests/capi/symbols.txt)
  set_tests_properties(c_program example_c_echo python_program exported_symbols
                       PROPERTIES LABELS programs)
endif()
