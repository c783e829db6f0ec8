//===- Error.h - the one kind of error that users see ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_SUPPORT_ERROR_H
#define XLSTM_SUPPORT_ERROR_H

#include <sstream>
#include <stdexcept>
#include <string>

namespace xlstm {

/// A fault of the input or the environment. what() is one line that names the file, the place, what was expected and
/// what was found; tools print it behind "xlstm: error: " and exit with 1.
class Error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Throws an Error whose text is all parts, streamed one after the other.
template <typename... Parts>
[[noreturn]] void fail(const Parts &...parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Error(text.str());
}

} // namespace xlstm

#endif // XLSTM_SUPPORT_ERROR_H
