# SPDX-License-Identifier: Apache-2.0
# One library per folder of src/, one test program per folder of tests/, subfolders included.

# Every folder's library, in the order of their ranks, and what they link beyond the tree.
set(STRATA_FOLDERS "")
set(STRATA_EXTERNAL "")

# What nearly every file includes is parsed once per build. A precompiled header can only be shared
# by files of the same flags, so there is one for ranks 0 to 3, one for what is above and one for
# tests. Firmware is built without: there an include that a file forgot is found.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(STRATA_PCH_OPTIONS -fpch-preprocess)
else()
  set(STRATA_PCH_OPTIONS -Xclang -fno-pch-timestamp)
endif()
set(STRATA_CORE_OPTIONS -fno-exceptions -fno-rtti)
set(STRATA_STANDARD_HEADERS <algorithm> <array> <chrono> <concepts> <cstring> <expected> <iterator>
                            <limits> <optional> <span> <string_view> <tuple> <utility> <variant>)
set(STRATA_HOSTED_HEADERS <functional> <memory> <string> <vector> <fmt/format.h>)

add_custom_target(strata_headers)  # all of them: what clang-tidy needs to have been built

# Tests, fuzz targets, benchmarks, examples and what plays their counterparts: `all` does without.
add_custom_target(strata_tests)
function(strata_only_for_tests target)
  set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
  add_dependencies(strata_tests ${target})
endfunction()

# strata_header(NAME [LIBRARY] LIBRARIES target... OPTIONS flag... HEADERS header...); LIBRARY: its
# users are position-independent, as the folders are.
function(strata_header name)
  cmake_parse_arguments(arg "LIBRARY" "" "LIBRARIES;OPTIONS;HEADERS" ${ARGN})
  file(WRITE ${PROJECT_BINARY_DIR}/${name}.cpp "")
  add_library(${name} OBJECT ${PROJECT_BINARY_DIR}/${name}.cpp)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ${arg_LIBRARY})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES})
  target_compile_options(${name} PRIVATE ${STRATA_PCH_OPTIONS} ${arg_OPTIONS})
  target_precompile_headers(${name} PRIVATE ${arg_HEADERS})
  add_dependencies(strata_headers ${name})
endfunction()

if(PROJECT_IS_TOP_LEVEL AND NOT STRATA_FREESTANDING)
  strata_header(strata_core_header LIBRARY OPTIONS ${STRATA_CORE_OPTIONS}
                HEADERS ${STRATA_STANDARD_HEADERS})
  if(STRATA_RANK_MAX GREATER_EQUAL 4)
    strata_header(strata_hosted_header LIBRARY LIBRARIES fmt::fmt
                  OPTIONS ${STRATA_HOSTED_OPTIONS} HEADERS ${STRATA_STANDARD_HEADERS}
                                                           ${STRATA_HOSTED_HEADERS})
  endif()
endif()

# strata_precompiled(TARGET HEADER): lets a target of this tree share one of them.
function(strata_precompiled target header)
  if(TARGET ${header})
    target_compile_options(${target} PRIVATE ${STRATA_PCH_OPTIONS})
    target_precompile_headers(${target} REUSE_FROM ${header})
  endif()
endfunction()

if(STRATA_TESTS)
  # A test is compiled as often as it runs: what is under test is optimised and has line tables, the
  # test has neither (the debug preset keeps both).
  set(STRATA_TEST_OPTIONS -O0)
  if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" AND NOT STRATA_SANITIZE)
    list(APPEND STRATA_TEST_OPTIONS -g0)
  endif()
  if(STRATA_LIBFUZZER)
    list(APPEND STRATA_TEST_OPTIONS -fno-sanitize=fuzzer-no-link)  # no fuzzer explores a test
  endif()
  strata_header(strata_gtest_header LIBRARIES GTest::gtest GTest::gmock
                OPTIONS ${STRATA_TEST_OPTIONS} ${STRATA_HOSTED_OPTIONS}
                HEADERS ${STRATA_STANDARD_HEADERS} <gtest/gtest.h> <gmock/gmock.h>)
  strata_only_for_tests(strata_gtest_header)

  # Matchers and fixtures that several test programs share.
  file(GLOB support CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/support/*.cpp)
  list(FILTER support EXCLUDE REGEX "/fuzz_replay.cpp$")
endif()

# Programs that would still run when all others are done: their cases go in parts, side by side.
set(STRATA_LONG_TESTS sim tcp)
set(STRATA_LONG_PARTS 4)

# strata_run_in_parts(NAME AREA): the tests that ctest knows of NAME_test.
function(strata_run_in_parts name area)
  if(NOT name IN_LIST STRATA_LONG_TESTS)
    add_test(NAME ${name} COMMAND ${name}_test WORKING_DIRECTORY ${PROJECT_BINARY_DIR})
    set_tests_properties(${name} PROPERTIES LABELS "${area}" TIMEOUT 600)
    return()
  endif()
  foreach(part RANGE 1 ${STRATA_LONG_PARTS})
    math(EXPR index "${part} - 1")
    set(test ${name}_${part})
    # One program writes as many reports as it has parts, each under the name of its part.
    add_test(NAME ${test} COMMAND ${name}_test --gtest_output=xml:reports/${test}_test.xml
             WORKING_DIRECTORY ${PROJECT_BINARY_DIR})
    set_tests_properties(${test} PROPERTIES LABELS "${area}" TIMEOUT 600 ENVIRONMENT
                         "GTEST_TOTAL_SHARDS=${STRATA_LONG_PARTS};GTEST_SHARD_INDEX=${index}")
  endforeach()
endfunction()

# strata_tests(NAME AREA area [DEPENDS target...]): the test program NAME_test from tests/NAME.
function(strata_tests name)
  cmake_parse_arguments(arg "" "AREA" "DEPENDS" ${ARGN})
  string(REPLACE "/" "_" target ${name})
  file(GLOB_RECURSE tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${name}/*.cpp)
  if(NOT STRATA_TESTS OR NOT tests)
    return()
  endif()
  add_executable(${target}_test ${tests} ${support})
  strata_only_for_tests(${target}_test)
  target_include_directories(${target}_test PRIVATE ${PROJECT_SOURCE_DIR}/tests
                                                    ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${target}_test PRIVATE ${arg_DEPENDS} GTest::gtest_main GTest::gmock)
  target_compile_options(${target}_test PRIVATE ${STRATA_TEST_OPTIONS} ${STRATA_HOSTED_OPTIONS})
  target_compile_definitions(${target}_test PRIVATE
                             STRATA_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  strata_precompiled(${target}_test strata_gtest_header)
  # Tests of a folder include the same and instantiate the same. Each file has a namespace of its
  # own, so that a number of them is one translation unit; what is no test stands alone.
  set_target_properties(${target}_test PROPERTIES UNITY_BUILD ${STRATA_UNITY}
                                                  UNITY_BUILD_BATCH_SIZE 16)
  list(FILTER tests EXCLUDE REGEX "_test.cpp$")
  set_source_files_properties(${tests} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  strata_run_in_parts(${target} ${arg_AREA})
endfunction()

# strata_folder(NAME RANK n AREA area [HEADER file] [DEPENDS folder...] [LIBRARIES external...]):
# the library strata_NAME from src/NAME and the test program NAME_test from tests/NAME. Slashes
# become underscores. A folder of headers alone is an interface library. HEADER is what all its
# files include, and is precompiled with the rest.
function(strata_folder name)
  cmake_parse_arguments(arg "" "RANK;AREA;HEADER" "DEPENDS;LIBRARIES" ${ARGN})
  string(REPLACE "/" "_" target ${name})
  if(arg_RANK GREATER STRATA_RANK_MAX)
    return()
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  if(STRATA_FREESTANDING)
    list(FILTER sources EXCLUDE REGEX "/heap_memory.cpp$")  # there is no heap
  endif()

  if(sources)
    set(scope PUBLIC)
    add_library(strata_${target} STATIC ${sources})
    if(NOT STRATA_FREESTANDING)
      set_target_properties(strata_${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    endif()
    if(arg_RANK LESS_EQUAL 3)
      set(options ${STRATA_CORE_OPTIONS})
      set(header strata_core_header)
      set(headers ${STRATA_STANDARD_HEADERS})
    else()
      set(options ${STRATA_HOSTED_OPTIONS})
      set(header strata_hosted_header)
      set(headers ${STRATA_STANDARD_HEADERS} ${STRATA_HOSTED_HEADERS})
    endif()
    if(arg_HEADER AND TARGET ${header})
      set(header strata_${target}_header)
      strata_header(${header} LIBRARY LIBRARIES ${arg_LIBRARIES} OPTIONS ${options}
                    HEADERS ${headers} ${PROJECT_SOURCE_DIR}/src/${arg_HEADER})
      target_include_directories(${header} PRIVATE ${PROJECT_SOURCE_DIR}/include
                                                   ${PROJECT_SOURCE_DIR}/src)
    endif()
    target_compile_options(strata_${target} PRIVATE ${options})
    strata_precompiled(strata_${target} ${header})
    target_link_libraries(strata_${target} PRIVATE ${arg_LIBRARIES})
  else()
    set(scope INTERFACE)
    add_library(strata_${target} INTERFACE)
  endif()
  set_target_properties(strata_${target} PROPERTIES STRATA_RANK ${arg_RANK})
  target_include_directories(strata_${target} ${scope} ${PROJECT_SOURCE_DIR}/include
                                                       ${PROJECT_SOURCE_DIR}/src)
  foreach(dependency ${arg_DEPENDS})
    string(REPLACE "/" "_" dependency ${dependency})
    target_link_libraries(strata_${target} ${scope} strata_${dependency})
  endforeach()

  set(STRATA_FOLDERS ${STRATA_FOLDERS} strata_${target} PARENT_SCOPE)
  set(STRATA_EXTERNAL ${STRATA_EXTERNAL} ${arg_LIBRARIES} PARENT_SCOPE)
  strata_tests(${name} AREA ${arg_AREA} DEPENDS strata_${target})
endfunction()
