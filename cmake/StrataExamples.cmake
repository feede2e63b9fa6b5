# SPDX-License-Identifier: Apache-2.0
# A program per examples/*.cpp and examples/ring/*.cpp, which links what an installed Strata offers.
# Whoever wants Strata alone does not wait for them: they are strata_examples, and built with the
# tests. Included before the folders: ninja begins with what is named first, and nothing takes as
# long as the templates of Beast.

if(NOT STRATA_PROGRAMS)
  return()
endif()

add_custom_target(strata_examples)
file(GLOB examples CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.cpp
                                     ${PROJECT_SOURCE_DIR}/examples/ring/*.cpp)
foreach(source ${examples})
  cmake_path(GET source STEM name)
  add_executable(example_${name} ${source})
  strata_only_for_tests(example_${name})
  add_dependencies(strata_examples example_${name})
  target_link_libraries(example_${name} PRIVATE strata::strata)
  target_compile_options(example_${name} PRIVATE ${STRATA_HOSTED_OPTIONS})
  set_target_properties(example_${name} PROPERTIES
                        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/examples
                        OUTPUT_NAME ${name})
  if(name MATCHES "^(asio|beast)_")
    find_package(OpenSSL REQUIRED)
    target_link_libraries(example_${name} PRIVATE OpenSSL::SSL)
    target_compile_options(example_${name} PRIVATE -O0 -g0)  # they are nearly all Beast's
    strata_asio_user(example_${name})
  endif()
  # An example is a promise of the README: it runs in every test, and says itself if it failed.
  if(STRATA_TESTS)
    add_test(NAME example_${name} COMMAND example_${name})
    set_tests_properties(example_${name} PROPERTIES LABELS programs)
  endif()
endforeach()
