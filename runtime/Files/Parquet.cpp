//===- Parquet.cpp - rows of a Parquet file as JSON -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Files/Parquet.h"

#include "xlstm/Runtime/Files/NumberColumns.h"
#include "xlstm/Support/Error.h"

#include <dlfcn.h>
#include <exception>
#include <utility>

namespace fs = std::filesystem;

static constexpr const char *libraryName = "libxlstm-parquet.so";

/// Beside the program as it is installed, or in the build that it comes from.
template <typename Function>
static Function findReader(const fs::path &file, const char *name) {
  std::error_code error;
  fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path &folder : {program / "../lib", program, fs::path(XLSTM_LIBRARY_FOLDER)}) {
    fs::path library = folder / libraryName;
    if (!fs::exists(library, error))
      continue;
    void *handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    void *found = handle ? ::dlsym(handle, name) : nullptr;
    if (!found)
      xlstm::fail(library.string(), ": cannot be loaded: ", ::dlerror());
    return reinterpret_cast<Function>(found);
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
  auto read = findReader<ParquetRead>(path, "xlstm_read_parquet");
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

namespace {
struct TakingNumbers {
  const std::vector<std::string> &columns;
  const std::function<bool(const xlstm::NumberRow &, uint64_t)> &take;
  xlstm::NumberRow row = {};
  uint64_t number = 0;
  std::exception_ptr problem = nullptr;

  bool add(int column, const int64_t *integers, const double *reals, uint64_t items, uint64_t width) {
    if (column < 0)
      return take(std::exchange(row, {}), ++number);
    xlstm::NumberList &list = row[columns.at(size_t(column))];
    list.items = items;
    list.width = width;
    if (integers)
      list.integers.assign(integers, integers + items * width);
    if (reals)
      list.reals.assign(reals, reals + items * width);
    return true;
  }
};
} // namespace

void xlstm::readNumberColumns(const fs::path &path, const std::vector<std::string> &columns,
                              const std::function<bool(const NumberRow &, uint64_t)> &take) {
  auto read = findReader<ParquetReadNumbers>(path, "xlstm_read_parquet_numbers");
  TakingNumbers taking{columns, take};
  std::vector<const char *> names;
  for (const std::string &column : columns)
    names.push_back(column.c_str());
  char problem[512] = "";
  auto takeNumbers = [](void *context, int column, const int64_t *integers, const double *reals, uint64_t items,
                        uint64_t width) -> int {
    auto &taking = *static_cast<TakingNumbers *>(context);
    if (taking.problem)
      return 0;
    try {
      return taking.add(column, integers, reals, items, width);
    } catch (...) {
      taking.problem = std::current_exception();
      return 0;
    }
  };
  int failed = read(path.c_str(), names.data(), names.size(), takeNumbers, &taking, problem, sizeof problem);
  if (taking.problem)
    std::rethrow_exception(taking.problem);
  if (failed)
    fail(path.string(), ": row ", taking.number + 1, ": ", problem);
}
