# What is installed beside the targets: ltcConfig.cmake with ltc_program(), and ltc.pc.
include(CMakePackageConfigHelpers)

set(folder ${CMAKE_INSTALL_LIBDIR}/cmake/ltc)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/ltcConfig.cmake.in
    ${PROJECT_BINARY_DIR}/ltcConfig.cmake INSTALL_DESTINATION ${folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ltcConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
# Relative to where it lies, so that --prefix and moved trees work.
file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" up "${up}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/ltc.pc.in ${PROJECT_BINARY_DIR}/ltc.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/ltcConfig.cmake ${PROJECT_BINARY_DIR}/ltcConfigVersion.cmake
    DESTINATION ${folder})
install(FILES ${PROJECT_BINARY_DIR}/ltc.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(EXPORT ltcTargets NAMESPACE ltc:: DESTINATION ${folder})
