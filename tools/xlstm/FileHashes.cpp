//===- FileHashes.cpp - hashes of files, each read once -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "FileHashes.h"

#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/FileHash.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Number.h"

#include <span>
#include <sys/stat.h>

namespace fs = std::filesystem;

namespace xlstm {

std::string hashOfText(const std::string &text) { return hexDigits(hashOf(std::as_bytes(std::span(text)))); }

/// What changes with a file; null where there is none.
static Json traitsOf(const fs::path &file) {
  struct stat status;
  if (::stat(file.c_str(), &status))
    return nullptr;
  auto nanoseconds = [](const timespec &time) { return int64_t(time.tv_sec) * 1'000'000'000 + time.tv_nsec; };
  return Json::array({uint64_t(status.st_dev), uint64_t(status.st_ino), int64_t(status.st_size),
                      nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)});
}

FileHashes::FileHashes(fs::path memory) : memory(std::move(memory)), entries(Json::object()) {
  try {
    if (!this->memory.empty())
      if (Json found = findJsonFile(this->memory); found.is_object())
        entries = std::move(found);
  } catch (const Error &) { // read anew
  }
}

std::string FileHashes::of(const fs::path &file) {
  std::error_code error;
  fs::path whole = fs::absolute(file, error);
  Json traits = traitsOf(whole);
  auto found = entries.find(whole.string());
  bool isKnown = found != entries.end() && found->is_array() && found->size() == 2 && (*found)[0] == traits;
  return isKnown && (*found)[1].is_string() ? (*found)[1].get<std::string>() : readAgain(file);
}

std::string FileHashes::readAgain(const fs::path &file) {
  std::error_code error;
  fs::path whole = fs::absolute(file, error);
  Json traits = traitsOf(whole);
  std::string hash = hexDigits(measureGivenFile(file).hash);
  entries[whole.string()] = Json::array({traits, hash});
  return hash;
}

std::string FileHashes::of(const std::vector<fs::path> &files) {
  std::string all;
  for (const fs::path &file : files)
    all += of(file) + "\n";
  return hashOfText(all);
}

std::string FileHashes::of(const CorpusFiles &files) {
  std::string all = of(files.paths);
  return files.part.isWhole() ? all : hashOfText(all + shortest(files.part.begin) + " " + shortest(files.part.end));
}

void FileHashes::save() const {
  if (!memory.empty())
    writeTextFile(memory, entries.dump(0) + "\n");
}

} // namespace xlstm
