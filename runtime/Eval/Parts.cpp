//===- Parts.cpp - results that are measured once -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/Parts.h"

#include "xlstm/Runtime/Data/ContentHash.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Support/Error.h"

namespace fs = std::filesystem;

namespace xlstm {

/// Raised when what is measured, or how, changes: results of older versions are then measured anew.
constexpr int partsVersion = 2;

Parts::Parts(fs::path folder, uint64_t modelFingerprint) : folder(std::move(folder)), model(modelFingerprint) {
  std::error_code error;
  fs::create_directories(this->folder, error);
  if (error)
    fail(this->folder.string(), ": cannot make the folder: ", error.message());
}

Json Parts::get(const std::string &name, uint64_t inputs, const std::function<Json()> &measure) const {
  ContentHash hash;
  hash.update(std::to_string(partsVersion) + " " + hexDigits(model) + " " + hexDigits(inputs));
  std::string fingerprint = hexDigits(hash.value());
  fs::path file = folder / (name + ".json");
  if (fs::exists(file)) {
    Json stored = readJsonFile(file);
    if (stored.is_object() && stored.value("fingerprint", "") == fingerprint && stored.contains("result"))
      return stored["result"];
  }
  Json result = measure();
  writeTextFile(file, Json{{"fingerprint", fingerprint}, {"result", result}}.dump(1) + "\n");
  return result;
}

} // namespace xlstm
