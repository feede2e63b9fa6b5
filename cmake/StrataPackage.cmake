# SPDX-License-Identifier: Apache-2.0
# Debian packages (`./dev package`): the program, the C library, what one needs to build against
# either library, and the documents.

if(NOT PROJECT_IS_TOP_LEVEL OR NOT STRATA_PROGRAMS)
  return()
endif()

install(DIRECTORY docs examples labs DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/strata
        COMPONENT documents PATTERN node_modules EXCLUDE)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/strata COMPONENT documents)
if(NOT STRATA_DEBIAN)
  return()
endif()

# What Debian wants of every package: whose it is, and what changed.
string(TIMESTAMP today "%a, %d %b %Y %H:%M:%S +0000" UTC)
set(maintainer "The Strata developers <strata@localhost>")
set(revision ${PROJECT_VERSION}-1)
file(WRITE ${PROJECT_BINARY_DIR}/changelog.Debian
     "strata (${revision}) unstable; urgency=medium\n\n  * See the CHANGELOG of Strata.\n\n"
     " -- ${maintainer}  ${today}\n")
execute_process(COMMAND gzip -9nf ${PROJECT_BINARY_DIR}/changelog.Debian)
foreach(part "program strata" "runtime libstrata0" "library libstrata-dev" "documents strata-doc")
  separate_arguments(part)
  list(GET part 0 component)
  list(GET part 1 package)
  install(FILES packaging/copyright.txt DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package}
          COMPONENT ${component} RENAME copyright)
  install(FILES ${PROJECT_BINARY_DIR}/changelog.Debian.gz
          DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package} COMPONENT ${component})
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${package})
endforeach()
install(FILES packaging/strata.service DESTINATION lib/systemd/system COMPONENT program)
install(FILES packaging/strata.toml DESTINATION /etc/strata COMPONENT program)

# Those who link the archive need what it needs.
set(needs "libstrata0 (= ${revision})")
foreach(external ${STRATA_EXTERNAL})
  if(external STREQUAL "fmt::fmt")
    list(APPEND needs libfmt-dev)
  elseif(external MATCHES "OpenSSL::")
    list(APPEND needs libssl-dev)
  elseif(external MATCHES "pcap")
    list(APPEND needs libpcap-dev)
  else()
    message(FATAL_ERROR "which Debian package holds ${external}? (cmake/StrataPackage.cmake)")
  endif()
endforeach()
list(REMOVE_DUPLICATES needs)
list(JOIN needs ", " needs)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME strata)
set(CPACK_PACKAGE_VENDOR "The Strata developers")
set(CPACK_PACKAGE_CONTACT ${maintainer})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "network stack in user space")
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program runtime library documents)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DOCUMENTS_PACKAGE_SECTION doc)
set(CPACK_DEBIAN_DOCUMENTS_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS iproute2)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS strata-doc)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS ${needs})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SUGGESTS "libboost-dev | libasio-dev, strata-doc")
set(CPACK_DEBIAN_PROGRAM_DESCRIPTION "The program.
 Strata answers for addresses of its own over TAP, AF_PACKET, AF_XDP or without
 any privilege, runs unmodified programs on itself, and simulates networks.")
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "The C library.
 BSD-like sockets over a stack that lives in the process.")
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "Development files.
 Headers, the C++ library, and what CMake and pkg-config need to find them.")
set(CPACK_DEBIAN_DOCUMENTS_DESCRIPTION "The documents.
 Reference, course, examples and simulated networks.")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/conffiles)
file(WRITE ${PROJECT_BINARY_DIR}/conffiles "/etc/strata/strata.toml\n")

# What packages depend on whose programs link the library. A trigger tells the linker of it, for
# scripts must not call ldconfig (Debian Policy 8.1.1): CPack writes some that do, unless others are
# named; those named here do not exist, and it passes over them.
set(runtime_control ${PROJECT_BINARY_DIR}/runtime-control)
file(WRITE ${runtime_control}/shlibs "libstrata 0 libstrata0 (>= ${PROJECT_VERSION})\n")
file(WRITE ${runtime_control}/triggers "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA
    ${runtime_control}/shlibs ${runtime_control}/triggers ${runtime_control}/postinst
    ${runtime_control}/postrm)
include(CPack)
