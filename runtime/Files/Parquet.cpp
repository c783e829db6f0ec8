//===- Parquet.cpp - rows of a Parquet file as JSON -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Files/Parquet.h"

#include "xlstm/Support/Error.h"

#include <dlfcn.h>
#include <exception>

namespace fs = std::filesystem;

static constexpr const char *libraryName = "libxlstm-parquet.so";

/// Beside the program as it is installed, or in the build that it comes from.
static xlstm::ParquetRead findReader(const fs::path &file) {
  std::error_code error;
  fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path &folder : {program / "../lib", program, fs::path(XLSTM_LIBRARY_FOLDER)}) {
    fs::path library = folder / libraryName;
    if (!fs::exists(library, error))
      continue;
    void *handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    void *found = handle ? ::dlsym(handle, "xlstm_read_parquet") : nullptr;
    if (!found)
      xlstm::fail(library.string(), ": cannot be loaded: ", ::dlerror());
    return reinterpret_cast<xlstm::ParquetRead>(found);
  }
  xlstm::fail(file.string(), ": this build does not read Parquet: sh tools/setup.sh --parquet, then build again "
                             "(docs/Recipe.md, Corpora), or write the rows as .jsonl");
}

namespace {
struct Taking {
  const std::function<bool(std::string_view, uint64_t)> &take;
  uint64_t number = 0;
  std::exception_ptr problem = nullptr; // not through frames of others
};
} // namespace

void xlstm::readParquet(const fs::path &path, const std::function<bool(std::string_view, uint64_t)> &take) {
  ParquetRead read = findReader(path);
  Taking taking{take};
  char problem[512] = "";
  auto takeRow = [](void *context, const char *row, uint64_t size) -> int {
    auto &taking = *static_cast<Taking *>(context);
    try {
      return taking.take({row, size}, ++taking.number);
    } catch (...) {
      taking.problem = std::current_exception();
      return 0;
    }
  };
  int failed = read(path.c_str(), takeRow, &taking, problem, sizeof problem);
  if (taking.problem)
    std::rethrow_exception(taking.problem);
  if (failed)
    fail(path.string(), ": row ", taking.number + 1, ": ", problem);
}
