//===- Fuzz.h - what the fuzz targets share -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TEST_FUZZ_FUZZ_H
#define TEST_FUZZ_FUZZ_H

#include "xlstm/Support/Error.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace xlstm::fuzz {

/// Runs a parser on an input. What may come of it is a result, or an Error of one line; everything else is a bug.
template <typename Parse>
int expectError(Parse parse) {
  try {
    parse();
  } catch (const Error &error) {
    std::string_view text = error.what();
    if (text.empty() || text.find('\n') != text.npos) {
      std::fprintf(stderr, "expected an error of one line, found '%s'\n", error.what());
      std::abort();
    }
  }
  return 0;
}

inline std::string_view textOf(const uint8_t *data, size_t size) {
  return {reinterpret_cast<const char *>(data), size};
}

/// A folder of this process, for parsers that map files; it goes when the process ends in good order.
class ScratchFolder {
public:
  ScratchFolder()
      : folder(std::filesystem::temp_directory_path() / ("xlstm-fuzz-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder);
  }
  ScratchFolder(const ScratchFolder &) = delete;
  ~ScratchFolder() {
    std::error_code error;
    std::filesystem::remove_all(folder, error);
  }

  /// Writes a file and gives its path.
  std::filesystem::path write(const char *name, std::string_view bytes) const {
    std::ofstream(folder / name, std::ios::binary).write(bytes.data(), std::streamsize(bytes.size()));
    return folder / name;
  }
  const std::filesystem::path &path() const { return folder; }

private:
  std::filesystem::path folder;
};

} // namespace xlstm::fuzz

#endif // TEST_FUZZ_FUZZ_H
