//===- Recognise.cpp - names, roles and families by one another -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Model/Families.h"

#include <algorithm>
#include <cctype>

namespace xlstm {

const Part *Family::find(Role role) const {
  auto found = std::ranges::find(parts, role, &Part::role);
  return found == parts.end() ? nullptr : &*found;
}

std::string familyNames() {
  std::string names;
  for (const Family &family : families())
    names += (names.empty() ? "" : ", ") + std::string(family.modelType);
  return names;
}

const Family *findFamily(std::string_view modelType) {
  auto found = std::ranges::find(families(), modelType, &Family::modelType);
  return found == families().end() ? nullptr : &*found;
}

std::vector<const Family *> familiesOfGguf(std::string_view architecture) {
  std::vector<const Family *> found;
  for (const Family &family : families())
    if (std::ranges::find(family.gguf, architecture, &GgufArchitecture::name) != family.gguf.end())
      found.push_back(&family);
  return found;
}

std::string ggufArchitectureNames() {
  std::string names;
  std::set<std::string_view> seen;
  for (const Family &family : families())
    for (const GgufArchitecture &architecture : family.gguf)
      if (seen.insert(architecture.name).second)
        names += (names.empty() ? "" : ", ") + std::string(architecture.name);
  return names;
}

std::string backboneArchitecture(const Family &family) {
  std::string_view name = family.architecture;
  return std::string(name.substr(0, name.find("ForCausalLM"))) + "Model";
}

static std::string tensorName(std::string_view pattern, bool isBias, int64_t layer) {
  std::string name(pattern);
  if (size_t at = name.find('#'); at != std::string::npos)
    name.replace(at, 1, std::to_string(layer));
  return name + (isBias ? ".bias" : ".weight");
}

std::string weightName(const Family &family, TensorRole tensor, int64_t layer) {
  const Part *part = family.find(tensor.role);
  return part ? tensorName(part->name, tensor.isBias, layer) : "";
}

std::string ggufName(const Family &family, TensorRole tensor, int64_t layer) {
  const Part *part = family.find(tensor.role);
  return part ? tensorName(part->ggufName, tensor.isBias, layer) : "";
}

std::string ggufFusedName(bool isBias, int64_t layer) { return tensorName("blk.#.attn_qkv", isBias, layer); }

std::string likelyName(const Family &family, TensorRole tensor, int64_t layer) {
  if (family.find(tensor.role))
    return weightName(family, tensor, layer);
  for (const Family &other : families())
    if (const Part *part = other.find(tensor.role))
      if (std::ranges::find(family.parts, part->name, &Part::name) == family.parts.end())
        return weightName(other, tensor, layer);
  return "";
}

/// Whether `name` is the pattern with digits in the place of '#'.
static bool matches(std::string_view name, std::string_view pattern) {
  size_t at = pattern.find('#');
  if (at == std::string_view::npos)
    return name == pattern;
  std::string_view tail = pattern.substr(at + 1);
  if (name.size() <= pattern.size() - 1 || !name.starts_with(pattern.substr(0, at)) || !name.ends_with(tail))
    return false;
  std::string_view index = name.substr(at, name.size() - at - tail.size());
  return std::ranges::all_of(index, [](unsigned char c) { return std::isdigit(c); });
}

std::optional<TensorRole> tensorOf(std::string_view name, const Family *family) {
  bool isBias = name.ends_with(".bias");
  if (!isBias && !name.ends_with(".weight"))
    return std::nullopt;
  std::string_view module = name.substr(0, name.rfind('.'));
  auto search = [&](const Family &candidate) -> std::optional<TensorRole> {
    for (const Part &part : candidate.parts)
      if (matches(module, part.name))
        return TensorRole{part.role, isBias};
    return std::nullopt;
  };
  std::optional<TensorRole> found = family ? search(*family) : std::nullopt;
  for (auto other = families().begin(); !found && other != families().end(); ++other)
    found = search(*other);
  return found;
}

/// What is seen of a model that a family has not, and the other way round.
static int64_t differences(const ModelTraits &traits, const Family &family) {
  int64_t count = traits.hasWindow && family.pattern == LayerPattern::Full;
  for (TensorRole tensor : traits.tensors) {
    const BiasRule *rule = family.biases.find(tensor.role);
    bool has = family.find(tensor.role) && (!tensor.isBias || (rule && *rule != BiasRule::Never));
    count += !has;
  }
  auto seen = [&](Role role, bool isBias) { return traits.tensors.contains({role, isBias}); };
  // One key of config.json asks for the biases of q, k, v and o.
  bool hasAttentionBias = seen(Role::Query, true) || seen(Role::Output, true);
  for (const Part &part : family.parts) {
    count += part.role != Role::Head && !seen(part.role, false);
    const BiasRule *rule = family.biases.find(part.role);
    bool isOfMlp = rule == &family.biases.mlp;
    bool isAsked = rule && *rule == BiasRule::IfAsked && (isOfMlp ? seen(Role::Gate, true) : hasAttentionBias);
    count += (isAsked || (rule && *rule == BiasRule::Always)) && !seen(part.role, true);
  }
  return count;
}

const Family &closestFamily(const ModelTraits &traits, const std::vector<const Family *> &candidates) {
  return **std::ranges::min_element(candidates, {}, [&](const Family *family) { return differences(traits, *family); });
}

} // namespace xlstm
