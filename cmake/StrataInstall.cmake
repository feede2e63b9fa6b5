# SPDX-License-Identifier: Apache-2.0
# What a user links: one archive of every folder, as strata::strata in this tree, after
# find_package(strata), and as the pkg-config module strata.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(objects "")
foreach(folder ${STRATA_FOLDERS})
  get_target_property(kind ${folder} TYPE)
  if(kind STREQUAL "STATIC_LIBRARY")
    list(APPEND objects $<TARGET_OBJECTS:${folder}>)
  endif()
endforeach()
list(REMOVE_DUPLICATES STRATA_EXTERNAL)

add_library(strata_archive STATIC ${objects})
add_library(strata::strata ALIAS strata_archive)
set_target_properties(strata_archive PROPERTIES OUTPUT_NAME strata EXPORT_NAME strata
                      LINKER_LANGUAGE CXX)
target_compile_features(strata_archive PUBLIC cxx_std_23)
target_include_directories(strata_archive PUBLIC
                           $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                           $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(strata_archive PRIVATE ${STRATA_EXTERNAL})

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/strata)
install(TARGETS strata_archive EXPORT strataTargets COMPONENT library)
install(DIRECTORY include/strata TYPE INCLUDE COMPONENT library FILES_MATCHING PATTERN "*.h")
install(EXPORT strataTargets NAMESPACE strata:: DESTINATION ${package_dir} COMPONENT library)
configure_package_config_file(cmake/strataConfig.cmake.in strataConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(strataConfigVersion.cmake COMPATIBILITY SameMinorVersion)
set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
           BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig
           OUTPUT_VARIABLE STRATA_PREFIX_FROM_PC)
configure_file(cmake/strata.pc.in strata.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/strataConfig.cmake
              ${PROJECT_BINARY_DIR}/strataConfigVersion.cmake
        DESTINATION ${package_dir} COMPONENT library)
install(FILES ${PROJECT_BINARY_DIR}/strata.pc DESTINATION ${pc_dir} COMPONENT library)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT library)
