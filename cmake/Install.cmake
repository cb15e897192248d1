# `cmake --install`: a relocatable tree with find_package(minigrad) and
# pkg-config.
include(CMakePackageConfigHelpers)

set(MG_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}" ${LLVM_LIBRARY_DIR})
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/minigrad)

set_target_properties(mgrt PROPERTIES EXPORT_NAME runtime)
set_target_properties(mg PROPERTIES EXPORT_NAME minigrad
                                    INSTALL_RPATH "$ORIGIN;${LLVM_LIBRARY_DIR}")
install(TARGETS mgrt mg EXPORT minigradTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
# What executables made by mgc link with; nobody else does.
install(FILES $<TARGET_FILE:mgrunner> DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT minigradTargets NAMESPACE minigrad:: DESTINATION ${package})

foreach(tool mgc mgc-opt mgc-reduce mgc-lsp-server)
  set_target_properties(${tool} PROPERTIES INSTALL_RPATH "${MG_RPATH}")
  install(TARGETS ${tool} DESTINATION ${CMAKE_INSTALL_BINDIR})
endforeach()

install(DIRECTORY runtime/include/minigrad DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY frontend/include/mg DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

configure_package_config_file(cmake/minigradConfig.cmake.in
  minigradConfig.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(minigradConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/minigradConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/minigradConfigVersion.cmake
              cmake/AddMinigradLibrary.cmake
  DESTINATION ${package})

configure_file(cmake/minigrad.pc.in minigrad.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/minigrad.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
