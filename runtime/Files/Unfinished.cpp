//===- Unfinished.cpp - what a signal that ends the process removes -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Files/Unfinished.h"

#include <mutex>
#include <set>

using namespace xlstm;
namespace fs = std::filesystem;

namespace {
struct Unfinished {
  std::recursive_mutex mutex;
  std::set<fs::path> paths;
};
} // namespace

/// Never destroyed: the thread that waits for signals may outlive static objects.
static Unfinished &unfinished() {
  static auto *all = new Unfinished;
  return *all;
}

HoldUnfinished::HoldUnfinished() { unfinished().mutex.lock(); }
HoldUnfinished::~HoldUnfinished() { unfinished().mutex.unlock(); }

void xlstm::noteUnfinished(const fs::path &path) {
  HoldUnfinished hold;
  unfinished().paths.insert(path);
}

void xlstm::forgetUnfinished(const fs::path &path) {
  HoldUnfinished hold;
  unfinished().paths.erase(path);
}

void xlstm::removeUnfinished() {
  for (int turn = 0; turn < 3; ++turn) // what works on in another thread may add a file meanwhile
    for (const fs::path &path : unfinished().paths) {
      std::error_code ignored;
      fs::remove_all(path, ignored);
    }
}
