//===- NamedFiles.h - arguments of the form NAME=FILE ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_NAMEDFILES_H
#define XLSTM_TOOLS_XLSTM_NAMEDFILES_H

#include <filesystem>
#include <string>

namespace xlstm {

struct NamedFile {
  std::string name;
  std::filesystem::path file;
};

/// "name=path"; without a name the path's last part.
inline NamedFile namedFile(const std::string &text) {
  size_t equals = text.find('=');
  if (equals != std::string::npos)
    return {text.substr(0, equals), text.substr(equals + 1)};
  std::filesystem::path path = std::filesystem::path(text).lexically_normal();
  return {(path.has_filename() ? path : path.parent_path()).filename().string(), text};
}

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_NAMEDFILES_H
