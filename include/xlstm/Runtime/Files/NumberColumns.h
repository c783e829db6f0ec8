//===- NumberColumns.h - lists of numbers out of Parquet files ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_NUMBERCOLUMNS_H
#define XLSTM_RUNTIME_FILES_NUMBERCOLUMNS_H

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace xlstm {

/// A row's list of numbers, or of lists that are equally long: `items` times `width` of them in `integers` or `reals`.
struct NumberList {
  std::vector<int64_t> integers;
  std::vector<double> reals;
  uint64_t items = 0, width = 1;
};

/// By the column's name; those that a file or a row lacks are not there.
using NumberRow = std::map<std::string, NumberList>;

/// Calls `take` with some columns of each row of a Parquet file and the row's number from 1, until it says no. Throws
/// Error as readParquet does (runtime/Files/Parquet.h), and where a column is no such list.
void readNumberColumns(const std::filesystem::path &path, const std::vector<std::string> &columns,
                       const std::function<bool(const NumberRow &row, uint64_t number)> &take);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_NUMBERCOLUMNS_H
