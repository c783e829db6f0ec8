//===- ReadParquet.cpp - rows of a Parquet file as JSON, by Arrow ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Batches.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>

using namespace xlstm::parquet;

namespace {

using Json = nlohmann::json;

Json jsonOf(const arrow::Scalar &value);

Json listOf(const arrow::Array &items) {
  Json list = Json::array();
  for (int64_t n = 0; n < items.length(); ++n)
    list.push_back(jsonOf(*valueOf(items.GetScalar(n))));
  return list;
}

/// A struct has all keys of its column; those without a value are left out, as a line of JSON has it.
Json objectOf(const arrow::StructScalar &value) {
  Json object = Json::object();
  const auto &type = static_cast<const arrow::StructType &>(*value.type);
  for (int n = 0; n < type.num_fields(); ++n)
    if (value.value[size_t(n)]->is_valid)
      object[type.field(n)->name()] = jsonOf(*value.value[size_t(n)]);
  return object;
}

Json jsonOf(const arrow::Scalar &value) {
  if (!value.is_valid)
    return nullptr;
  switch (value.type->id()) {
  case arrow::Type::STRING:
  case arrow::Type::LARGE_STRING:
    return std::string(static_cast<const arrow::BaseBinaryScalar &>(value).view());
  case arrow::Type::BOOL:
    return static_cast<const arrow::BooleanScalar &>(value).value;
  case arrow::Type::LIST:
  case arrow::Type::LARGE_LIST:
  case arrow::Type::FIXED_SIZE_LIST:
    return listOf(*static_cast<const arrow::BaseListScalar &>(value).value);
  case arrow::Type::STRUCT:
    return objectOf(static_cast<const arrow::StructScalar &>(value));
  case arrow::Type::DICTIONARY:
    return jsonOf(*valueOf(static_cast<const arrow::DictionaryScalar &>(value).GetEncodedValue()));
  case arrow::Type::HALF_FLOAT:
  case arrow::Type::FLOAT:
  case arrow::Type::DOUBLE:
    return static_cast<const arrow::DoubleScalar &>(*valueOf(value.CastTo(arrow::float64()))).value;
  default:
    return static_cast<const arrow::Int64Scalar &>(*valueOf(value.CastTo(arrow::int64()))).value;
  }
}

bool isOfCorpus(const std::string &column) {
  static const std::string known[] = {"text", "messages", "tools", "input_ids", "labels", "weight"};
  return std::find(std::begin(known), std::end(known), column) != std::end(known);
}

using Take = int (*)(void *context, const char *row, uint64_t size);

void read(const char *path, Take take, void *context) {
  auto batches = openBatches(path, 256, isOfCorpus, "'text', 'messages' or 'input_ids'");
  for (std::shared_ptr<arrow::RecordBatch> batch; check(batches.rows->ReadNext(&batch)), batch;)
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      Json object = Json::object();
      for (int column = 0; column < batch->num_columns(); ++column)
        if (auto value = valueOf(batch->column(column)->GetScalar(row)); value->is_valid)
          object[batch->column_name(column)] = jsonOf(*value);
      std::string text = object.dump();
      if (!take(context, text.data(), text.size()))
        return;
    }
}

} // namespace

/// runtime/Files/Parquet.h says what it is given and returns.
extern "C" __attribute__((visibility("default"))) int xlstm_read_parquet(const char *path, Take take, void *context,
                                                                         char *problem, uint64_t problemSize) {
  return guarded([&] { read(path, take, context); }, problem, problemSize);
}
