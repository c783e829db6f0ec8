//===- Families.h - what sets one teacher family apart --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_HUGGINGFACE_FAMILIES_H
#define LIB_IMPORT_HUGGINGFACE_FAMILIES_H

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xlstm {

/// What a stored tensor is for. A family without a norm or a bias has no name for its role.
enum class Role : uint8_t {
  Embedding,
  Head,
  FinalNorm,
  AttentionInputNorm,
  Query,
  Key,
  Value,
  Output,
  QueryBias,
  KeyBias,
  ValueBias,
  OutputBias,
  QueryNorm,
  KeyNorm,
  AttentionOutputNorm,
  MlpInputNorm,
  Gate,
  Up,
  Down,
  GateBias,
  UpBias,
  DownBias,
  MlpOutputNorm,
};

/// A tensor's name in checkpoints; '#' stands for the layer's index.
struct WeightName {
  Role role;
  std::string_view pattern;
  bool isPerLayer() const { return pattern.find('#') != std::string_view::npos; }
};

/// The RMS norm of queries and keys: over each head's channels (weight [d]) or over all channels (weight [H*d]).
enum class QkNorm : uint8_t { None, PerHead, AllHeads };

/// Which layers attend over a window, where config.json has no layer_types.
enum class LayerPattern : uint8_t {
  Full,        ///< none: the family knows no window
  Window,      ///< every layer, unless sliding_window is null
  AfterFirst,  ///< with use_sliding_window those from max_window_layers on
  ThreeInFour, ///< all but every fourth
};

/// One family of teachers. The defaults are those of transformers' configuration classes.
struct Family {
  std::string_view modelType, architecture;
  /// The names of all its tensors, the table that import and export share.
  std::vector<WeightName> weights;
  QkNorm qkNorm = QkNorm::None;
  LayerPattern pattern = LayerPattern::Full;
  /// q, k and v have a bias whatever config.json says.
  bool alwaysQkvBias = false;
  /// config.json may ask for biases of q, k, v, o (attention_bias) and of the MLP (mlp_bias).
  bool hasAttentionBiasKey = false, hasMlpBiasKey = false;
  /// Scaled rotary frequencies are for full layers only; sliding layers have plain ones.
  bool ropeByLayerType = false;
  int64_t vocabSize, hiddenSize = 4096, intermediateSize, numLayers = 32, numHeads = 32;
  int64_t kvHeads = 0; ///< 0: as many as query heads
  int64_t headDim = 0; ///< 0: hidden_size / num_attention_heads
  int64_t contextLength;
  double normEps, theta = 10000.0;
};

/// All families.
std::span<const Family> families();

/// Nothing for a model_type that is not read.
const Family *findFamily(std::string_view modelType);

/// The name of a tensor; empty where the family has none of that role.
std::string weightName(const Family &family, Role role, int64_t layer = 0);

} // namespace xlstm

#endif // LIB_IMPORT_HUGGINGFACE_FAMILIES_H
