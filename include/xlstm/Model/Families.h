//===- Families.h - the table of teacher families -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_MODEL_FAMILIES_H
#define XLSTM_MODEL_FAMILIES_H

#include "xlstm/Model/Roles.h"

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xlstm {

/// A size of a model, as weights have them.
enum class Extent : uint8_t { None, Vocabulary, Hidden, Inner, Queries, Keys, HeadChannels };

/// A part of a family's block that has weights: the name of their module in checkpoints and in GGUF files, where '#'
/// stands for the layer's index, and their shape. ".weight" or ".bias", which has an element a row, follows the name.
struct Part {
  Role role;
  std::string_view name, ggufName;
  Extent rows, columns = Extent::None; ///< None: a vector
  bool isPerLayer() const { return name.find('#') != std::string_view::npos; }
};

/// Whether a family has biases: never, when config.json asks for them, always.
enum class BiasRule : uint8_t { Never, IfAsked, Always };

/// Which layers attend over a window, where config.json has no layer_types.
enum class LayerPattern : uint8_t {
  Full,        ///< none: the family knows no window
  Window,      ///< every layer, unless sliding_window is null
  AfterFirst,  ///< with use_sliding_window those from max_window_layers on
  ThreeInFour, ///< all but every fourth
};

/// A value of general.architecture, which can stand for several families.
struct GgufArchitecture {
  std::string_view name;
  /// Rows of q and k stand in llama.cpp's order, channel pairs side by side, not d/2 apart as everywhere else.
  bool hasPairedRows = false;
};

/// One family of teachers: a row of the table that import, export, raise and inspect share. A block computes the parts
/// that the family has, in the order of Role. Sizes are the defaults of transformers' configuration classes.
struct Family {
  std::string_view modelType, architecture;
  std::vector<GgufArchitecture> gguf = {};
  std::vector<Part> parts = {};
  /// config.json asks for those of q, k, v and o by attention_bias, for those of the MLP by mlp_bias.
  Biases<BiasRule> biases = {};
  LayerPattern pattern = LayerPattern::Full;
  /// Scaled rotary frequencies are for full layers only; sliding layers have plain ones.
  bool ropeByLayerType = false;
  int64_t vocabSize, hiddenSize = 4096, intermediateSize, numLayers = 32, numHeads = 32;
  int64_t kvHeads = 0; ///< 0: as many as query heads
  int64_t headDim = 0; ///< 0: hidden_size / num_attention_heads
  int64_t contextLength;
  double normEps, theta = 10000.0;

  /// Null for a part that the family has not, or that has no weights.
  const Part *find(Role role) const;
};

/// All families.
std::span<const Family> families();
/// "llama, mistral, ..."
std::string familyNames();
/// Null for a model_type that is not read.
const Family *findFamily(std::string_view modelType);
/// The families that a GGUF file of an architecture may be of; none for one that is not read.
std::vector<const Family *> familiesOfGguf(std::string_view architecture);
/// "llama, olmo2, ..."
std::string ggufArchitectureNames();

/// The class of the family's model without its head, "LlamaModel" of "LlamaForCausalLM".
std::string backboneArchitecture(const Family &family);

/// The name of a tensor; empty where the family has no such part.
std::string weightName(const Family &family, TensorRole tensor, int64_t layer = 0);
std::string ggufName(const Family &family, TensorRole tensor, int64_t layer = 0);
/// The GGUF tensor that holds those of q, k and v, one behind the other, where they are not stored by themselves.
std::string ggufFusedName(bool isBias, int64_t layer);
/// The same of a model that is like the family, but may have a part of another one.
std::string likelyName(const Family &family, TensorRole tensor, int64_t layer = 0);
/// The tensor of a name, as `family` has it or, where that is null or has no such name, as another one.
std::optional<TensorRole> tensorOf(std::string_view name, const Family *family);

/// What is seen of a model whose family is not said.
struct ModelTraits {
  std::set<TensorRole> tensors;
  bool hasWindow = false;
};

/// The first of `candidates`, at least one, that has all that is seen, and of which nothing is missing; where there is
/// none, that with the fewest differences.
const Family &closestFamily(const ModelTraits &traits, const std::vector<const Family *> &candidates);

} // namespace xlstm

#endif // XLSTM_MODEL_FAMILIES_H
