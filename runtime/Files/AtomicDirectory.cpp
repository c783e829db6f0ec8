//===- AtomicDirectory.cpp - a folder that appears whole or not at all ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/AtomicFile.h"

#include "runtime/Files/Durable.h"
#include "xlstm/Support/Error.h"

using namespace xlstm;
namespace fs = std::filesystem;

AtomicDirectory::AtomicDirectory(fs::path path) : target(normalPath(path)) {
  std::error_code ignored;
  fs::file_status status = fs::status(target, ignored);
  if (fs::exists(status) && !fs::is_directory(status))
    fail(target.string(), ": cannot write: it exists and is not a folder");
  temporary = std::make_unique<Temporary>(target, Temporary::Kind::Folder);
}

AtomicDirectory::~AtomicDirectory() = default;

const fs::path &AtomicDirectory::path() const { return temporary->path(); }

void AtomicDirectory::commit() {
  flushTree(temporary->path());
  temporary->moveToTarget();
  flushFolder(target.parent_path());
  temporary->discard(); // the folder that was there before
}

ScratchFolder::ScratchFolder(const fs::path &output)
    : temporary(std::make_unique<Temporary>(normalPath(output), Temporary::Kind::Folder)) {}

ScratchFolder::~ScratchFolder() = default;

const fs::path &ScratchFolder::path() const { return temporary->path(); }
