//===- WeightMap.cpp - which tensor of the file is which weight -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Onnx/WeightMap.h"

#include "dialects/ONNX/ONNXDialect.h"
#include "lib/Import/Onnx/Dequantise.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>
#include <cstring>

using namespace mlir;

namespace xlstm {

TensorSpec WeightSource::spec() const {
  TensorSpec result = tensor->spec;
  result.name = name;
  if (blocks) {
    result.dtype = DType::F32;
    result.shape = {result.shape[0], blocks->columns};
  }
  if (transposed)
    std::swap(result.shape[0], result.shape[1]);
  if (end != 0)
    result.shape[0] = end - first;
  return result;
}

static const OnnxTensor &findTensor(const OnnxFile &file, const std::string &weight, StringAttr name) {
  auto it = file.tensors().find(name.str());
  if (it == file.tensors().end())
    fail(file.name(), ": weight ", quote(weight), ": expected an initializer ", quote(name.str()));
  return it->second;
}

static QuantisedBlocks readBlocks(DictionaryAttr attr, const WeightSource &source, const OnnxFile &file) {
  auto integer = [&](StringRef name) { return attr.getAs<IntegerAttr>(name).getInt(); };
  QuantisedBlocks blocks{integer("bits"), integer("size"), integer("columns")};
  blocks.scales = &findTensor(file, source.name, attr.getAs<StringAttr>("scales"));
  if (auto zeroPoints = attr.getAs<StringAttr>("zero_points"))
    blocks.zeroPoints = &findTensor(file, source.name, zeroPoints);
  if (auto groups = attr.getAs<StringAttr>("groups"))
    blocks.groups = &findTensor(file, source.name, groups);
  const TensorSpec &spec = source.tensor->spec;
  if (spec.shape.empty())
    fail(file.name(), ": weight ", quote(source.name), ": expected rows of quantised numbers, found ", describe(spec));
  checkBlocks(blocks, *source.tensor, spec.shape[0], file.name() + ": weight " + quote(source.name));
  return blocks;
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
    source.tensor = &findTensor(file, source.name, entry.getAs<StringAttr>("initializer"));
    if (auto blocks = entry.getAs<DictionaryAttr>("blocks"))
      source.blocks = readBlocks(blocks, source, file);
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

/// Whether float32 numbers leave the 16 bits empty that bfloat16 lacks.
static bool areBfloat16(std::span<const std::byte> bytes) {
  for (size_t i = 0; i < bytes.size(); i += 4)
    if (bytes[i] != std::byte(0) || bytes[i + 1] != std::byte(0))
      return false;
  return true;
}

bool fitBfloat16(const std::vector<WeightSource> &weights) {
  bool any = false;
  std::vector<float> row;
  for (const WeightSource &weight : weights) {
    TensorSpec spec = weight.spec();
    if (spec.dtype != DType::F32)
      continue;
    any = true;
    bool fits = weight.blocks || areBfloat16(plain(*weight.tensor).bytes);
    releasePages(*weight.tensor);
    if (!fits)
      return false;
    for (int64_t r = 0; weight.blocks && r < spec.shape[0]; ++r) {
      dequantiseRow(*weight.blocks, *weight.tensor, weight.first + r, row);
      if (!areBfloat16(std::as_bytes(std::span(row))))
        return false;
    }
  }
  return any;
}

/// Copies row `row` of the weight to `out`, without the low half of each element when `narrow` is set.
static void copyRow(const WeightSource &weight, int64_t row, bool narrow, std::vector<std::byte> &out) {
  if (weight.blocks) {
    std::vector<float> values;
    dequantiseRow(*weight.blocks, *weight.tensor, row, values);
    size_t skip = narrow ? 2 : 0, kept = 4 - skip;
    out.resize(values.size() * kept);
    for (size_t i = 0; i < values.size(); ++i)
      std::memcpy(out.data() + i * kept, reinterpret_cast<const std::byte *>(&values[i]) + skip, kept);
    return;
  }
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
    OnnxTensor whole = plain(*weight.tensor);
    weight.tensor = &whole;
    OnnxTensor vector; // a vector is a matrix of one row
    if (specs[i].shape.size() == 1) {
      vector = *weight.tensor;
      vector.spec.shape.insert(vector.spec.shape.begin(), 1);
      int64_t first = weight.first, size = specs[i].shape[0];
      vector.bytes = vector.bytes.subspan(first * sizeOf(vector.spec.dtype), size * sizeOf(vector.spec.dtype));
      vector.spec.shape[1] = size;
      weight = {weight.name, &vector, false, 0, 0, {}};
    }
    bool halve = narrow && specs[i].dtype == DType::BF16 && weight.spec().dtype == DType::F32;
    int64_t count = specs[i].shape.size() == 1 ? 1 : specs[i].shape[0];
    for (int64_t r = 0; r < count; ++r) {
      copyRow(weight, weight.first + r, halve, row);
      writer.append(row);
    }
    releasePages(*weights[i].tensor);
  }
  writer.commit();
}

} // namespace xlstm
