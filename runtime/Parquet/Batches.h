//===- Batches.h - some columns of a Parquet file, batch by batch ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_PARQUET_INTERNAL_BATCHES_H
#define XLSTM_RUNTIME_PARQUET_INTERNAL_BATCHES_H

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>

#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace xlstm::parquet {

inline void check(const arrow::Status &status) {
  if (!status.ok())
    throw std::runtime_error(status.message());
}

template <typename T>
T valueOf(arrow::Result<T> result) {
  check(result.status());
  return std::move(result).ValueUnsafe();
}

struct Batches {
  std::unique_ptr<::parquet::arrow::FileReader> file; // which `rows` reads
  std::unique_ptr<arrow::RecordBatchReader> rows;
};

/// The columns whose name `isWanted`, `size` rows at once. Throws where there is none of `those`.
template <typename Wanted>
Batches openBatches(const char *path, int64_t size, const Wanted &isWanted, const std::string &those) {
  Batches batches;
  batches.file =
      valueOf(::parquet::arrow::OpenFile(valueOf(arrow::io::ReadableFile::Open(path)), arrow::default_memory_pool()));
  batches.file->set_batch_size(size);
  std::vector<int> columns, groups;
  const ::parquet::SchemaDescriptor &schema = *batches.file->parquet_reader()->metadata()->schema();
  for (int n = 0; n < schema.num_columns(); ++n)
    if (isWanted(schema.Column(n)->path()->ToDotVector().front()))
      columns.push_back(n);
  if (columns.empty())
    throw std::runtime_error("expected a column " + those + ", found none");
  for (int n = 0; n < batches.file->num_row_groups(); ++n)
    groups.push_back(n);
  batches.rows = valueOf(batches.file->GetRecordBatchReader(groups, columns));
  return batches;
}

/// What a function exported from here returns: 0, or 1 with the first line of what was thrown.
template <typename Work>
int guarded(const Work &work, char *problem, uint64_t problemSize) {
  try {
    work();
    return 0;
  } catch (const std::exception &error) {
    std::string text = error.what();
    std::snprintf(problem, problemSize, "%s", text.substr(0, text.find('\n')).c_str());
    return 1;
  }
}

} // namespace xlstm::parquet

#endif // XLSTM_RUNTIME_PARQUET_INTERNAL_BATCHES_H
