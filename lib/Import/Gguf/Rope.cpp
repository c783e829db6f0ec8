//===- Rope.cpp - rotary embedding of a GGUF file -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Gguf/Rope.h"

#include "lib/Import/Gguf/RopeFactors.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <cmath>

using namespace xlstm;
using namespace xlstm::gguf;

namespace {

constexpr int64_t mostTokens = int64_t{1} << 27;

/// A number above 0; nothing when the key is absent.
std::optional<double> positive(const GgufFile &file, const std::string &key) {
  std::optional<double> value = file.number(key);
  if (value && *value <= 0)
    file.fail(key, "a number above 0");
  return value;
}

Json readYarn(const GgufFile &file, const std::string &keys, double factor, int64_t contextLength) {
  const std::string scaling = keys + "rope.scaling.";
  if (std::optional<double> share = file.number(scaling + "yarn_ext_factor"); share && *share != 1)
    file.fail(scaling + "yarn_ext_factor", "1");
  if (std::optional<double> multiplier = file.number(scaling + "yarn_log_multiplier"); multiplier && *multiplier != 0)
    file.fail(scaling + "yarn_log_multiplier", "none");
  const double usual = 0.1 * std::log(factor) + 1; // what an absent attention_factor stands for
  double attention = positive(file, scaling + "yarn_attn_factor").value_or(usual);
  if (static_cast<float>(attention) == static_cast<float>(usual))
    attention = usual;
  attention *= positive(file, scaling + "attn_factor").value_or(1);
  Json yarn{{"rope_type", "yarn"}, {"factor", factor}};
  yarn["original_max_position_embeddings"] =
      file.integer(scaling + "original_context_length", 1, mostTokens).value_or(contextLength);
  if (attention != usual)
    yarn["attention_factor"] = attention;
  for (const char *name : {"beta_fast", "beta_slow"})
    if (std::optional<double> beta = positive(file, scaling + "yarn_" + name))
      yarn[name] = *beta;
  return yarn;
}

/// What rope.scaling.* says; null for nothing.
Json readScaling(const GgufFile &file, const std::string &keys, int64_t contextLength) {
  const std::string typeKey = keys + "rope.scaling.type", factorKey = keys + "rope.scaling.factor";
  const std::string oldKey = keys + "rope.scale_linear"; // before there were types
  std::string type = file.text(typeKey).value_or(file.find(oldKey) ? "linear" : "none");
  if (type == "none")
    return nullptr;
  if (type != "linear" && type != "yarn")
    file.fail(typeKey, "'none', 'linear' or 'yarn'");
  std::string key = file.find(factorKey) || !file.find(oldKey) ? factorKey : oldKey;
  std::optional<double> factor = file.number(key);
  if (!factor || *factor < 1)
    file.fail(key, "a number of at least 1");
  if (type == "yarn")
    return readYarn(file, keys, *factor, contextLength);
  return *factor == 1 ? Json(nullptr) : Json{{"rope_type", "linear"}, {"factor", *factor}};
}

/// The values of rope_freqs.weight: empty where there is none or all are 1.
std::vector<float> readFactors(const GgufFile &file, int64_t headDim) {
  const GgufTensor *tensor = file.findTensor("rope_freqs.weight");
  if (!tensor)
    return {};
  if (tensor->type->name != "F32" || tensor->shape != std::vector<int64_t>{headDim / 2})
    fail(file.origin(), ": tensor 'rope_freqs.weight': expected F32 [", headDim / 2, "], found ", describe(*tensor));
  std::vector<float> factors(headDim / 2);
  dequantizeRow(*tensor, 0, factors);
  for (float factor : factors)
    if (!(factor > 0) || !std::isfinite(factor))
      fail(file.origin(), ": tensor 'rope_freqs.weight': expected positive numbers, found ", factor);
  if (std::ranges::all_of(factors, [](float factor) { return factor == 1; }))
    factors.clear();
  return factors;
}

} // namespace

RopeScaling gguf::readRopeScaling(const GgufFile &file, const std::string &keys, int64_t headDim,
                                  int64_t contextLength) {
  RopeScaling rope;
  const std::string thetaKey = keys + "rope.freq_base";
  rope.theta = file.number(thetaKey).value_or(rope.theta);
  if (rope.theta <= 1 || rope.theta > 1e30)
    file.fail(thetaKey, "a number above 1, at most 1e30");
  rope.config = readScaling(file, keys, contextLength);
  std::vector<float> factors = readFactors(file, headDim);
  if (factors.empty())
    return rope;
  if (!rope.config.is_null())
    file.fail(keys + "rope.scaling.type", "'none' beside a tensor 'rope_freqs.weight'");
  if (std::optional<Llama3Rule> rule = fitLlama3(factors, rope.theta)) {
    rope.config = Json{{"rope_type", "llama3"},
                       {"factor", rule->factor},
                       {"low_freq_factor", rule->low},
                       {"high_freq_factor", rule->high},
                       {"original_max_position_embeddings", static_cast<int64_t>(rule->originalContext)}};
    return rope;
  }
  rope.config = Json{{"rope_type", "longrope"},
                     {"short_factor", factors},
                     {"long_factor", factors},
                     {"attention_factor", 1.0},
                     {"original_max_position_embeddings", contextLength}};
  return rope;
}
