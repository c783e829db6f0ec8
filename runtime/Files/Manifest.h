//===- Manifest.h - bundle.json -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Format 2: every other file of the folder under "files", with its size and hash; "hash" is that of the manifest
// without it. Format 1, which bundles had before, records no files.

#ifndef XLSTM_RUNTIME_FILES_INTERNAL_MANIFEST_H
#define XLSTM_RUNTIME_FILES_INTERNAL_MANIFEST_H

#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Files/FileHash.h"
#include "xlstm/Runtime/Files/Json.h"

#include <map>

namespace xlstm {

constexpr const char *manifestName = "bundle.json";

struct Manifest {
  std::string kind, source;
  std::optional<Lineage> lineage;
  /// False in format 1.
  bool isRecorded = false;
  struct Entry {
    uint64_t bytes;
    std::string hash; // hexDigits
  };
  std::map<std::string, Entry> files;

  /// Reads and checks bundle.json; no other file. Throws Error.
  static Manifest read(const std::filesystem::path &folder);
  /// Records the files that `folder` has now and writes bundle.json.
  void write(const std::filesystem::path &folder);
  /// Throws Error unless the files are those that were recorded; tensor files are read only `withTensors`.
  void check(const std::filesystem::path &folder, bool withTensors) const;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_INTERNAL_MANIFEST_H
