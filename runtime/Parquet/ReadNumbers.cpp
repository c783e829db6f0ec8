//===- ReadNumbers.cpp - lists of numbers out of a Parquet file, by Arrow -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Batches.h"

#include <arrow/util/float16.h>

#include <algorithm>

using namespace xlstm::parquet;

namespace {

using Take = int (*)(void *context, int column, const int64_t *integers, const double *reals, uint64_t items,
                     uint64_t width);

/// Numbers of one type, and how long the lists are.
struct Numbers {
  std::vector<int64_t> integers;
  std::vector<double> reals;
  uint64_t items = 0, width = 1;
  bool isReal = false;
};

template <typename Type, typename Into>
void append(const arrow::Array &values, int64_t begin, int64_t count, std::vector<Into> &into) {
  const auto &typed = static_cast<const typename arrow::TypeTraits<Type>::ArrayType &>(values);
  for (int64_t n = begin; n < begin + count; ++n)
    into.push_back(Into(typed.Value(n)));
}

void appendHalves(const arrow::Array &values, int64_t begin, int64_t count, std::vector<double> &into) {
  const auto &typed = static_cast<const arrow::HalfFloatArray &>(values);
  for (int64_t n = begin; n < begin + count; ++n)
    into.push_back(arrow::util::Float16::FromBits(typed.Value(n)).ToDouble());
}

void appendNumbers(const arrow::Array &values, int64_t begin, int64_t count, Numbers &into) {
  if (values.null_count() > 0)
    throw std::runtime_error("expected numbers, found a null among them");
  arrow::Type::type type = values.type_id();
  into.isReal = type == arrow::Type::HALF_FLOAT || type == arrow::Type::FLOAT || type == arrow::Type::DOUBLE;
  switch (type) {
  case arrow::Type::UINT8:
    return append<arrow::UInt8Type>(values, begin, count, into.integers);
  case arrow::Type::INT8:
    return append<arrow::Int8Type>(values, begin, count, into.integers);
  case arrow::Type::UINT16:
    return append<arrow::UInt16Type>(values, begin, count, into.integers);
  case arrow::Type::INT16:
    return append<arrow::Int16Type>(values, begin, count, into.integers);
  case arrow::Type::UINT32:
    return append<arrow::UInt32Type>(values, begin, count, into.integers);
  case arrow::Type::INT32:
    return append<arrow::Int32Type>(values, begin, count, into.integers);
  case arrow::Type::UINT64:
    return append<arrow::UInt64Type>(values, begin, count, into.integers);
  case arrow::Type::INT64:
    return append<arrow::Int64Type>(values, begin, count, into.integers);
  case arrow::Type::HALF_FLOAT:
    return appendHalves(values, begin, count, into.reals);
  case arrow::Type::FLOAT:
    return append<arrow::FloatType>(values, begin, count, into.reals);
  case arrow::Type::DOUBLE:
    return append<arrow::DoubleType>(values, begin, count, into.reals);
  default:
    throw std::runtime_error("expected numbers, found " + values.type()->ToString());
  }
}

/// Calls `use(values, begin, count)` with list `n` of an array of lists; false where it is none.
template <typename Use>
bool withList(const arrow::Array &lists, int64_t n, const Use &use) {
  auto call = [&](const auto &typed) {
    use(*typed.values(), typed.value_offset(n), typed.value_length(n));
    return true;
  };
  switch (lists.type_id()) {
  case arrow::Type::LIST:
    return call(static_cast<const arrow::ListArray &>(lists));
  case arrow::Type::LARGE_LIST:
    return call(static_cast<const arrow::LargeListArray &>(lists));
  case arrow::Type::FIXED_SIZE_LIST:
    return call(static_cast<const arrow::FixedSizeListArray &>(lists));
  default:
    return false;
  }
}

/// A list of numbers, or of lists of them.
void readList(const arrow::Array &values, int64_t begin, int64_t count, Numbers &into) {
  into.items = uint64_t(count);
  for (int64_t n = begin; n < begin + count; ++n) {
    bool isList = withList(values, n, [&](const arrow::Array &numbers, int64_t first, int64_t width) {
      if (n > begin && uint64_t(width) != into.width)
        throw std::runtime_error("expected lists of " + std::to_string(into.width) + " numbers, found one of " +
                                 std::to_string(width));
      into.width = uint64_t(width);
      appendNumbers(numbers, first, width, into);
    });
    if (!isList)
      return appendNumbers(values, begin, count, into);
  }
}

void read(const char *path, const std::vector<std::string> &columns, Take take, void *context) {
  auto numberOf = [&](const std::string &name) { return std::find(columns.begin(), columns.end(), name); };
  std::string those;
  for (const std::string &name : columns)
    those += (those.empty() ? "" : ", ") + name;
  constexpr int64_t rowsAtOnce = 8; // which are long
  auto batches = openBatches(
      path, rowsAtOnce, [&](const std::string &name) { return numberOf(name) != columns.end(); }, those);
  for (std::shared_ptr<arrow::RecordBatch> batch; check(batches.rows->ReadNext(&batch)), batch;)
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      for (int column = 0; column < batch->num_columns(); ++column) {
        const arrow::Array &lists = *batch->column(column);
        if (lists.IsNull(row))
          continue;
        Numbers numbers;
        if (!withList(lists, row, [&](const arrow::Array &values, int64_t begin, int64_t count) {
              readList(values, begin, count, numbers);
            }))
          throw std::runtime_error(batch->column_name(column) + ": expected a list, found " + lists.type()->ToString());
        int number = int(numberOf(batch->column_name(column)) - columns.begin());
        take(context, number, numbers.isReal ? nullptr : numbers.integers.data(),
             numbers.isReal ? numbers.reals.data() : nullptr, numbers.items, numbers.width);
      }
      if (!take(context, -1, nullptr, nullptr, 0, 0))
        return;
    }
}

} // namespace

/// runtime/Files/Parquet.h says what it is given and returns.
extern "C" __attribute__((visibility("default"))) int
xlstm_read_parquet_numbers(const char *path, const char *const *columns, uint64_t count, Take take, void *context,
                           char *problem, uint64_t problemSize) {
  return guarded([&] { read(path, std::vector<std::string>(columns, columns + count), take, context); }, problem,
                 problemSize);
}
