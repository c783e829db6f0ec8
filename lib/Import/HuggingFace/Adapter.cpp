//===- Adapter.cpp - a LoRA, merged into its base -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/HuggingFace/Adapter.h"

#include "lib/Import/HuggingFace/Weights.h"
#include "xlstm/Runtime/Files/Floats.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>

namespace xlstm {
namespace {

SafetensorsFile openTensors(const std::filesystem::path &folder) {
  std::filesystem::path file = folder / "adapter_model.safetensors";
  std::error_code error;
  if (!std::filesystem::exists(file, error) && std::filesystem::exists(folder / "adapter_model.bin", error))
    fail(file.string(), ": expected the adapter's tensors, found adapter_model.bin alone (pickle files are not read: "
                        "save it again with safe_serialization)");
  return SafetensorsFile::open(file);
}

/// The module's name in the base, and what of it a tensor is: "lora_A.weight", "weight", ...
std::pair<std::string, std::string> splitName(std::string name) {
  auto drop = [&](std::string_view part) {
    if (size_t at = name.find(part); at != std::string::npos)
      name.erase(at, part.size());
  };
  if (name.starts_with("base_model.model."))
    drop("base_model.model.");
  drop("base_layer.");
  drop("modules_to_save.");
  size_t at = name.find(".lora_");
  at = at == std::string::npos ? name.rfind('.') : at;
  return at == std::string::npos ? std::pair(name, std::string()) : std::pair(name.substr(0, at), name.substr(at + 1));
}

/// A matrix, or a vector as one of one row, in float32, transposed where asked.
std::vector<float> widen(const StoredTensor &tensor, bool isTransposed) {
  int64_t columns = tensor.spec.shape.back(), rows = static_cast<int64_t>(tensor.spec.numElements()) / columns;
  std::vector<float> result(rows * columns);
  for (int64_t i = 0; i < rows * columns; ++i)
    result[isTransposed ? i % columns * rows + i / columns : i] =
        loadFloat(tensor.spec.dtype, tensor.bytes.data() + i * sizeOf(tensor.spec.dtype));
  return result;
}

} // namespace

/// Gives a tied model a head of its own, the embedding as it is.
static void keepHead(const TeacherConfig &base, WeightFiles &weights) {
  StoredTensor head = weights.get(weightName(*base.family, {Role::Embedding}));
  head.spec.name = weightName(*base.family, {Role::Head});
  if (!weights.find(head.spec.name))
    weights.set(head);
}

void Adapter::untie(TeacherConfig &base, WeightFiles &weights) {
  if (!base.tiedHead)
    return;
  keepHead(base, weights);
  base.tiedHead = false;
  config.warnings.push_back(file.path().string() + ": the adapter changes one of two tied tables; the head is untied");
}

void Adapter::replace(const StoredTensor &tensor, const std::string &name, const TeacherConfig &base,
                      WeightFiles &weights) {
  StoredTensor renamed = tensor;
  renamed.spec.name = familyName(base, name);
  const StoredTensor *old = weights.find(renamed.spec.name);
  bool isHead = renamed.spec.name == weightName(*base.family, {Role::Head});
  if (!old && !(base.tiedHead && isHead))
    fail(file.path().string(), ": tensor ", quote(tensor.spec.name), ": the base has no ", quote(renamed.spec.name));
  if (old && old->spec.shape != tensor.spec.shape)
    fail(file.path().string(), ": tensor ", quote(tensor.spec.name), ": expected the shape of the base's, ",
         describe(old->spec), ", found ", describe(tensor.spec));
  if (base.tiedHead && renamed.spec.name == weightName(*base.family, {Role::Embedding}))
    keepHead(base, weights); // which reads what the adapter leaves as it was
  weights.set(renamed);
}

void Adapter::addPair(const std::string &module, const Pair &pair, TeacherConfig &base, WeightFiles &weights) {
  std::string place = file.path().string() + ": module " + quote(module);
  if (!pair.a || !pair.b)
    fail(place, ": expected lora_A and lora_B, found ", pair.a || pair.b ? "one of them" : "neither");
  std::string name = familyName(base, module + ".weight");
  if (name == weightName(*base.family, {Role::Head}) || pair.isEmbedding)
    untie(base, weights);
  const StoredTensor *weight = weights.find(name);
  if (!weight)
    fail(place, ": the base has no ", quote(name), " for its LoRA");
  const TensorSpec &a = pair.a->spec, &b = pair.b->spec;
  std::vector<int64_t> shape = weight->spec.shape;
  if (pair.isEmbedding)
    std::swap(shape[0], shape.back());
  bool fits = a.shape.size() == 2 && b.shape.size() == 2 && shape.size() == 2 && a.shape[0] == b.shape[1] &&
              a.shape[1] == shape[1] && b.shape[0] == shape[0] && isWeightType(a.dtype) && isWeightType(b.dtype) &&
              isWeightType(weight->spec.dtype) && a.shape[0] > 0;
  if (!fits)
    fail(place, ": expected A and B whose product is ", describe(weight->spec), ", found ", describe(a), " and ",
         describe(b));
  auto scale = static_cast<float>(config.scaleOf(module, a.shape[0]));
  Product product{pair.isEmbedding ? pair.a : pair.b, pair.isEmbedding ? pair.b : pair.a, pair.isEmbedding, scale};
  if (!products.try_emplace(name, product).second)
    fail(place, ": expected one LoRA for ", quote(name), ", found two");
  if (!pair.bias)
    return;
  std::string biasName = familyName(base, module + ".bias");
  const StoredTensor *bias = weights.find(biasName);
  if (!bias || bias->spec.shape != pair.bias->spec.shape || !isWeightType(bias->spec.dtype) ||
      !isWeightType(pair.bias->spec.dtype))
    fail(place, ": expected a base with ", quote(biasName), " for the bias of its LoRA, found ",
         bias ? describe(bias->spec) : "none");
  products[biasName] = {nullptr, pair.bias, false, scale};
}

Adapter::Adapter(const std::filesystem::path &folder, TeacherConfig &base, WeightFiles &weights)
    : config(readAdapterConfig(folder / "adapter_config.json")), file(openTensors(folder)) {
  std::map<std::string, Pair> pairs;
  std::vector<std::pair<std::string, const StoredTensor *>> whole;
  for (const auto &[name, tensor] : file.tensors()) {
    auto [module, part] = splitName(name);
    Pair &pair = pairs[module];
    if (part == "lora_A.weight" || part == "lora_embedding_A")
      pair.a = &tensor;
    else if (part == "lora_B.weight" || part == "lora_embedding_B")
      pair.b = &tensor;
    else if (part == "lora_B.bias")
      pair.bias = &tensor;
    else if (part == "weight" || part == "bias")
      whole.emplace_back(module + "." + part, &tensor);
    else
      fail(file.path().string(), ": tensor ", quote(name), part.starts_with("lora_magnitude") ? " (DoRA)" : "",
           ": expected lora_A, lora_B or a whole weight or bias, found another part");
    pair.isEmbedding |= part.starts_with("lora_embedding");
  }
  for (const auto &[name, tensor] : whole)
    replace(*tensor, name, base, weights);
  fitCheckpoint(base, weights);
  for (const auto &[module, pair] : pairs)
    if (pair.a || pair.b || pair.bias)
      addPair(module, pair, base, weights);
  if (products.empty() && whole.empty())
    fail(file.path().string(), ": expected the tensors of a LoRA, found none");
}

void Adapter::write(const StoredTensor &tensor, const Append &append) const {
  auto found = products.find(tensor.spec.name);
  if (found == products.end())
    return append(tensor.bytes);
  const auto &[left, right, isTransposed, scale] = found->second;
  std::vector<float> factors = left ? widen(*left, isTransposed) : std::vector<float>{1};
  std::vector<float> terms = widen(*right, isTransposed);
  DType type = tensor.spec.dtype;
  size_t size = sizeOf(type), columns = tensor.spec.shape.back(), rank = terms.size() / columns;
  std::vector<float> sum(columns);
  std::vector<std::byte> row(columns * size);
  for (size_t r = 0; r < tensor.spec.numElements() / columns; ++r) {
    std::ranges::fill(sum, 0.0f);
    for (size_t k = 0; k < rank; ++k)
      for (size_t c = 0; c < columns; ++c)
        sum[c] += factors[r * rank + k] * terms[k * columns + c];
    const std::byte *from = tensor.bytes.data() + r * row.size();
    for (size_t c = 0; c < columns; ++c)
      storeFloat(type, loadFloat(type, from + c * size) + scale * sum[c], row.data() + c * size);
    append(row);
  }
}

} // namespace xlstm
