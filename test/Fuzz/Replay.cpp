//===- Replay.cpp - a fuzz target's corpus as a test ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stands in for libFuzzer: runs the target on every file of the folders given.

#include "test/Fuzz/Fuzz.h"

#include <iterator>
#include <vector>

int main(int argc, char **argv) {
  size_t count = 0;
  for (int n = 1; n < argc; ++n)
    for (const auto &entry : std::filesystem::directory_iterator(argv[n])) {
      std::ifstream file(entry.path(), std::ios::binary);
      std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
      std::printf("%s\n", entry.path().c_str());
      std::fflush(stdout); // the last line names the file of a crash
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
      ++count;
    }
  std::printf("%zu files\n", count);
  return count ? 0 : 1;
}
