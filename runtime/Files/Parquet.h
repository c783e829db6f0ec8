//===- Parquet.h - rows of a Parquet file as JSON -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_INTERNAL_PARQUET_H
#define XLSTM_RUNTIME_FILES_INTERNAL_PARQUET_H

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

namespace xlstm {

/// Calls `take` with each row as the object that a .jsonl corpus would have, and its number from 1, until it says no.
/// Of the columns those that a corpus has are read. What reads them is a library of its own (runtime/Parquet), loaded
/// here. Throws Error: it is not there, and how it is built; not a Parquet file.
void readParquet(const std::filesystem::path &path, const std::function<bool(std::string_view row, uint64_t)> &take);

/// What the library exports as xlstm_read_parquet: `take` gets rows until it returns 0. 0, or 1 with what is wrong in
/// `problem`.
using ParquetTake = int (*)(void *context, const char *row, uint64_t size);
using ParquetRead = int (*)(const char *path, ParquetTake take, void *context, char *problem, uint64_t problemSize);

/// What it exports as xlstm_read_parquet_numbers, for lists of numbers (NumberColumns.h): `take` gets a row's `column`,
/// counted in `columns`, `items` lists of `width` numbers, which are integers or reals, then -1 at the row's end.
using ParquetTakeNumbers = int (*)(void *context, int column, const int64_t *integers, const double *reals,
                                   uint64_t items, uint64_t width);
using ParquetReadNumbers = int (*)(const char *path, const char *const *columns, uint64_t count,
                                   ParquetTakeNumbers take, void *context, char *problem, uint64_t problemSize);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_INTERNAL_PARQUET_H
