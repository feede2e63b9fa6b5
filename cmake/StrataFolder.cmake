# SPDX-License-Identifier: Apache-2.0
# One library per folder of src/, one test program per folder of tests/, subfolders included.

# Every folder's library, in the order of their ranks, and what they link beyond the tree.
set(STRATA_FOLDERS "")
set(STRATA_EXTERNAL "")

if(STRATA_TESTS)
  # gtest is the dearest header of a test: it is parsed once per build.
  file(WRITE ${PROJECT_BINARY_DIR}/gtest_header.cpp "")
  add_library(strata_gtest_header OBJECT ${PROJECT_BINARY_DIR}/gtest_header.cpp)
  target_link_libraries(strata_gtest_header PRIVATE GTest::gtest GTest::gmock)
  target_precompile_headers(strata_gtest_header PRIVATE <gtest/gtest.h> <gmock/gmock.h>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(STRATA_PCH_OPTIONS -fpch-preprocess)
  else()
    set(STRATA_PCH_OPTIONS -Xclang -fno-pch-timestamp)
  endif()
  # A test is compiled as often as it runs: what is under test is optimised, the test is not.
  list(APPEND STRATA_PCH_OPTIONS -O0)
  target_compile_options(strata_gtest_header PRIVATE ${STRATA_PCH_OPTIONS}
                                                     ${STRATA_HOSTED_OPTIONS})

  # Matchers and fixtures that several test programs share.
  file(GLOB support CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/support/*.cpp)
  list(FILTER support EXCLUDE REGEX "/fuzz_replay.cpp$")
endif()

# strata_tests(NAME AREA area [DEPENDS target...]): the test program NAME_test from tests/NAME.
function(strata_tests name)
  cmake_parse_arguments(arg "" "AREA" "DEPENDS" ${ARGN})
  string(REPLACE "/" "_" target ${name})
  file(GLOB_RECURSE tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${name}/*.cpp)
  if(NOT STRATA_TESTS OR NOT tests)
    return()
  endif()
  add_executable(${target}_test ${tests} ${support})
  target_include_directories(${target}_test PRIVATE ${PROJECT_SOURCE_DIR}/tests
                                                    ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${target}_test PRIVATE ${arg_DEPENDS} GTest::gtest_main GTest::gmock)
  target_compile_options(${target}_test PRIVATE ${STRATA_PCH_OPTIONS} ${STRATA_HOSTED_OPTIONS})
  target_compile_definitions(${target}_test PRIVATE
                             STRATA_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_precompile_headers(${target}_test REUSE_FROM strata_gtest_header)
  add_test(NAME ${target} COMMAND ${target}_test WORKING_DIRECTORY ${PROJECT_BINARY_DIR})
  set_tests_properties(${target} PROPERTIES LABELS "${arg_AREA}" TIMEOUT 600)
endfunction()

# strata_folder(NAME RANK n AREA area [DEPENDS folder...] [LIBRARIES external...]): the library
# strata_NAME from src/NAME and the test program NAME_test from tests/NAME. Slashes become
# underscores. A folder of headers alone is an interface library.
function(strata_folder name)
  cmake_parse_arguments(arg "" "RANK;AREA" "DEPENDS;LIBRARIES" ${ARGN})
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
      target_compile_options(strata_${target} PRIVATE -fno-exceptions -fno-rtti)
    else()
      target_compile_options(strata_${target} PRIVATE ${STRATA_HOSTED_OPTIONS})
    endif()
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
