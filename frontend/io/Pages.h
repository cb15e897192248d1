//===- Pages.h - memory that a mapped file takes --------------------------===//
#ifndef MG_FRONTEND_IO_PAGES_H
#define MG_FRONTEND_IO_PAGES_H

#include <string_view>

namespace mg::io {

/// Says that nobody reads `bytes` soon: where they are pages of a mapped file,
/// these go back to the system, which reads them again when they are touched.
/// Bytes of any other memory keep their values, too. Small ones stay.
void releasePages(std::string_view bytes);

} // namespace mg::io

#endif // MG_FRONTEND_IO_PAGES_H
