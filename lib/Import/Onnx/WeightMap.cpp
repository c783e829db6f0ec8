//===- WeightMap.cpp - which tensor of the file is which weight -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Onnx/WeightMap.h"

#include "dialects/ONNX/ONNXDialect.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>

using namespace mlir;

namespace xlstm {

TensorSpec WeightSource::spec() const {
  TensorSpec result = tensor->spec;
  result.name = name;
  if (transposed)
    std::swap(result.shape[0], result.shape[1]);
  if (end != 0)
    result.shape[0] = end - first;
  return result;
}

std::vector<WeightSource> takeWeightMap(ModuleOp module, const OnnxFile &file) {
  auto list = module->getAttrOfType<ArrayAttr>(onnx::ONNXDialect::weightsAttrName);
  if (!list)
    fail(file.name(), ": expected a raised module with ", quote("onnx.weights"), ", found none");
  std::vector<WeightSource> result;
  for (Attribute attribute : list) {
    auto entry = cast<DictionaryAttr>(attribute);
    WeightSource source;
    source.name = entry.getAs<StringAttr>("name").str();
    std::string initializer = entry.getAs<StringAttr>("initializer").str();
    auto it = file.tensors().find(initializer);
    if (it == file.tensors().end())
      fail(file.name(), ": weight ", quote(source.name), ": expected an initializer ", quote(initializer));
    source.tensor = &it->second;
    source.transposed = entry.contains("transposed");
    if (auto rows = entry.getAs<DenseI64ArrayAttr>("rows")) {
      source.first = rows[0];
      source.end = rows[1];
    }
    result.push_back(std::move(source));
  }
  module->removeAttr(onnx::ONNXDialect::weightsAttrName);
  std::ranges::sort(result, {}, &WeightSource::name);
  return result;
}

bool fitBfloat16(const std::vector<WeightSource> &weights) {
  bool any = false;
  for (const WeightSource &weight : weights) {
    if (weight.tensor->spec.dtype != DType::F32)
      continue;
    any = true;
    const std::byte *data = weight.tensor->bytes.data();
    for (size_t i = 0; i < weight.tensor->bytes.size(); i += 4)
      if (data[i] != std::byte(0) || data[i + 1] != std::byte(0)) // the 16 bits that bfloat16 lacks
        return false;
  }
  return any;
}

/// Copies row `row` of the weight to `out`, without the low half of each element when `narrow` is set.
static void copyRow(const WeightSource &weight, int64_t row, bool narrow, std::vector<std::byte> &out) {
  const TensorSpec &stored = weight.tensor->spec;
  size_t size = sizeOf(stored.dtype), kept = narrow ? size / 2 : size;
  size_t rows = stored.shape[0], columns = stored.shape[1];
  size_t count = weight.transposed ? rows : columns;
  size_t stride = weight.transposed ? columns * size : size;
  const std::byte *from =
      weight.tensor->bytes.data() + (weight.transposed ? row * size : static_cast<size_t>(row) * columns * size);
  out.resize(count * kept);
  for (size_t i = 0; i < count; ++i)
    std::memcpy(out.data() + i * kept, from + i * stride + (size - kept), kept);
}

void writeWeights(const std::filesystem::path &path, const std::vector<WeightSource> &weights, bool narrow) {
  std::vector<TensorSpec> specs;
  for (const WeightSource &weight : weights) {
    specs.push_back(weight.spec());
    if (narrow && specs.back().dtype == DType::F32)
      specs.back().dtype = DType::BF16;
  }
  SafetensorsWriter writer(path, specs, {{"format", "pt"}});
  std::vector<std::byte> row;
  for (size_t i = 0; i < weights.size(); ++i) {
    WeightSource weight = weights[i];
    OnnxTensor vector; // a vector is a matrix of one row
    if (specs[i].shape.size() == 1) {
      vector = *weight.tensor;
      vector.spec.shape.insert(vector.spec.shape.begin(), 1);
      int64_t first = weight.first, size = specs[i].shape[0];
      vector.bytes = vector.bytes.subspan(first * sizeOf(vector.spec.dtype), size * sizeOf(vector.spec.dtype));
      vector.spec.shape[1] = size;
      weight = {.name = weight.name, .tensor = &vector};
    }
    bool halve = specs[i].dtype != weight.tensor->spec.dtype;
    int64_t count = specs[i].shape.size() == 1 ? 1 : specs[i].shape[0];
    for (int64_t r = 0; r < count; ++r) {
      copyRow(weight, weight.first + r, halve, row);
      writer.append(row);
    }
  }
  writer.commit();
}

} // namespace xlstm
