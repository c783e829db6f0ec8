//===- Weights.cpp - tensors of a GGUF file as a checkpoint has them ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Gguf/Weights.h"

#include "lib/Import/HuggingFace/Weights.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>

using namespace xlstm;
using namespace xlstm::gguf;

namespace {

/// Finds the tensors and keeps account of them.
class WeightFinder {
public:
  WeightFinder(const GgufFile &file, const Model &model) : file(file), model(model), teacher(model.teacher) {}

  std::vector<WeightSource> find() {
    for (const Part &part : teacher.family->parts)
      for (TensorRole tensor : {TensorRole{part.role}, TensorRole{part.role, true}})
        for (int64_t layer = 0; layer < (part.isPerLayer() ? numLayers() : 1); ++layer)
          if (hasTensor(teacher, tensor))
            add(tensor, layer);
    checkAllRead();
    chooseTypes();
    std::ranges::sort(weights, {}, [](const WeightSource &weight) { return weight.spec.name; });
    return std::move(weights);
  }

private:
  int64_t numLayers() const { return static_cast<int64_t>(teacher.layers.size()); }
  void add(TensorRole tensor, int64_t layer);
  const GgufTensor &take(const std::string &name, const std::vector<int64_t> &shape);
  bool takeFused(TensorRole tensor, int64_t layer, WeightSource &weight);
  int64_t pairedHeads(Role role) const;
  void checkAllRead() const;
  void chooseTypes();

  const GgufFile &file;
  const Model &model;
  const TeacherConfig &teacher;
  std::vector<WeightSource> weights;
  std::set<std::string> taken;
};

std::string showShape(const std::vector<int64_t> &shape) {
  return shape.size() == 1 ? "[" + std::to_string(shape[0]) + "]"
                           : "[" + std::to_string(shape[0]) + ", " + std::to_string(shape[1]) + "]";
}

const GgufTensor &WeightFinder::take(const std::string &name, const std::vector<int64_t> &shape) {
  const GgufTensor *tensor = file.findTensor(name);
  if (!tensor)
    fail(file.origin(), ": tensor '", name, "' is missing; the keys ask for it, with shape ", showShape(shape));
  if (tensor->shape != shape)
    fail(file.origin(), ": tensor '", name, "': expected the shape ", showShape(shape), " as the keys say, found ",
         describe(*tensor));
  if (!canDequantize(*tensor->type))
    fail(file.origin(), ": tensor '", name, "': expected a type of ", dequantizableTypes(), ", found ",
         describe(*tensor));
  if (shape.size() == 1 && tensor->type->blockElements != 1)
    fail(file.origin(), ": tensor '", name, "': expected a vector of F32, F16 or BF16, found ", describe(*tensor));
  taken.insert(name);
  return *tensor;
}

/// Heads whose rows llama.cpp's converter has put into the order of its rotation.
int64_t WeightFinder::pairedHeads(Role role) const {
  if (!model.hasPairedRows)
    return 0;
  return role == Role::Query ? teacher.numHeads : role == Role::Key ? teacher.numKvHeads : 0;
}

/// q, k and v may stand in one tensor, one behind the other (--fuse-qkv of llama.cpp's converter).
bool WeightFinder::takeFused(TensorRole tensor, int64_t layer, WeightSource &weight) {
  bool isPart = tensor.role == Role::Query || tensor.role == Role::Key || tensor.role == Role::Value;
  std::string fused = ggufFusedName(tensor.isBias, layer);
  if (!isPart || file.findTensor(ggufName(*teacher.family, tensor, layer)) || !file.findTensor(fused))
    return false;
  int64_t queries = teacher.numHeads * teacher.headDim, keys = teacher.numKvHeads * teacher.headDim;
  std::vector<int64_t> shape = weight.spec.shape;
  shape[0] = queries + 2 * keys;
  weight.tensor = &take(fused, shape);
  weight.firstRow = tensor.role == Role::Query ? 0 : tensor.role == Role::Key ? queries : queries + keys;
  return true;
}

void WeightFinder::add(TensorRole tensor, int64_t layer) {
  WeightSource weight;
  weight.spec.name = weightName(*teacher.family, tensor, layer);
  weight.spec.shape = shapeOf(teacher, tensor);
  if (!takeFused(tensor, layer, weight))
    weight.tensor = &take(ggufName(*teacher.family, tensor, layer), weight.spec.shape);
  weight.heads = pairedHeads(tensor.role);
  weights.push_back(std::move(weight));
}

void WeightFinder::checkAllRead() const {
  for (const auto &[name, tensor] : file.tensors())
    if (!taken.contains(name) && name != "rope_freqs.weight")
      fail(file.origin(), ": tensor ", quote(name), " is no part of this ", teacher.family->modelType, " model (",
           numLayers(), " layers); nothing would read it");
}

/// The half-precision number of the same value; nothing where there is none.
std::optional<uint16_t> exactHalf(uint32_t bits) {
  uint32_t magnitude = bits & 0x7FFFFFFF, sign = bits >> 16 & 0x8000;
  if (magnitude == 0)
    return sign;
  int exponent = static_cast<int>(magnitude >> 23) - 127;
  if (exponent < -24 || exponent > 15)
    return std::nullopt;
  // Below 2^-14 the exponent stays and the leading one moves into the mantissa.
  int lost = exponent < -14 ? -1 - exponent : 13;
  uint32_t mantissa = exponent < -14 ? (magnitude & 0x7FFFFF) | 0x800000 : magnitude - (112u << 23);
  if (mantissa & ((1u << lost) - 1))
    return std::nullopt;
  return sign | mantissa >> lost;
}

/// An F32 element in a type of 16 bits; nothing where that loses a bit.
std::optional<uint16_t> narrow(const std::byte *element, DType type) {
  uint32_t bits;
  std::memcpy(&bits, element, sizeof bits);
  if (type == DType::F16)
    return exactHalf(bits);
  return bits & 0xFFFF ? std::nullopt : std::optional<uint16_t>(bits >> 16);
}

bool fits(const GgufTensor &tensor, DType type) {
  for (size_t i = 0; i < tensor.bytes.size(); i += 4)
    if (!narrow(&tensor.bytes[i], type))
      return false;
  return true;
}

/// llama.cpp's converter stores vectors as F32 whatever the teacher has.
void WeightFinder::chooseTypes() {
  auto any = [&](std::string_view type) {
    return std::ranges::any_of(weights, [&](const WeightSource &weight) { return weight.tensor->type->name == type; });
  };
  DType narrowed = any("F16") && !any("BF16") ? DType::F16 : DType::BF16;
  for (const WeightSource &weight : weights)
    if (narrowed != DType::F32 && weight.tensor->type->name == "F32" && !fits(*weight.tensor, narrowed))
      narrowed = DType::F32;
  for (WeightSource &weight : weights) {
    std::string_view stored = weight.tensor->type->name;
    if (stored == "F32")
      weight.spec.dtype = narrowed;
    else
      weight.spec.dtype = stored == "F16" ? DType::F16 : stored == "BF16" ? DType::BF16 : DType::F32;
  }
}

/// Row `row` of a weight is this row of its tensor. llama.cpp rotates the channels 2i and 2i+1 of a head, checkpoints
/// are for i and i + d/2.
int64_t storedRow(const WeightSource &weight, int64_t row) {
  if (weight.heads != 0) {
    int64_t headDim = weight.spec.shape[0] / weight.heads, channel = row % headDim;
    row += channel % (headDim / 2) * 2 + channel / (headDim / 2) - channel;
  }
  return weight.firstRow + row;
}

/// Appends a row in the weight's type.
void appendRow(const GgufTensor &tensor, int64_t row, DType type, std::vector<std::byte> &out) {
  std::span<const std::byte> stored = tensor.row(row);
  size_t begin = out.size();
  if (tensor.type->name == safetensorsName(type)) {
    out.insert(out.end(), stored.begin(), stored.end());
  } else if (type == DType::F32) {
    std::vector<float> values(tensor.columns());
    dequantizeRow(tensor, row, values);
    std::span<const std::byte> bytes = std::as_bytes(std::span(values));
    out.insert(out.end(), bytes.begin(), bytes.end());
  } else {
    out.resize(begin + stored.size() / 2);
    for (size_t i = 0; i < stored.size(); i += 4) {
      uint16_t element = *narrow(&stored[i], type);
      std::memcpy(&out[begin + i / 2], &element, sizeof element);
    }
  }
}

void writeWeight(SafetensorsWriter &writer, const WeightSource &weight) {
  constexpr size_t chunk = size_t{1} << 20;
  GgufTensor tensor = *weight.tensor;
  int64_t rows = weight.spec.shape[0];
  if (tensor.shape.size() == 1) { // a column, unless it is taken whole
    bool whole = weight.heads == 0 && tensor.columns() == rows;
    tensor.shape.insert(whole ? tensor.shape.begin() : tensor.shape.end(), 1);
    rows = whole ? 1 : rows;
  }
  std::vector<std::byte> buffer;
  for (int64_t row = 0; row < rows; ++row) {
    appendRow(tensor, storedRow(weight, row), weight.spec.dtype, buffer);
    if (buffer.size() >= chunk || row + 1 == rows) {
      writer.append(buffer);
      buffer.clear();
    }
  }
}

} // namespace

std::vector<WeightSource> gguf::findWeights(const GgufFile &file, const Model &model) {
  return WeightFinder(file, model).find();
}

void gguf::writeWeights(const std::filesystem::path &path, const std::vector<WeightSource> &weights) {
  std::vector<TensorSpec> specs;
  for (const WeightSource &weight : weights)
    specs.push_back(weight.spec);
  SafetensorsWriter writer(path, specs, {{"format", "pt"}});
  for (const WeightSource &weight : weights)
    writeWeight(writer, weight);
  writer.commit();
}
