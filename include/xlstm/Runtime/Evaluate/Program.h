//===- Program.h - run a module's functions with ATen ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one interpreter: training, evaluation and the check of every rewrite run the IR itself. No MLIR type appears
// here, so that the trainer needs none of its headers.

#ifndef XLSTM_RUNTIME_EVALUATE_PROGRAM_H
#define XLSTM_RUNTIME_EVALUATE_PROGRAM_H

#include "xlstm/Runtime/Files/WeightFiles.h"

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <string_view>
#include <variant>

namespace xlstm {

/// Weights by name. A function reads what its `lm.param` ops name.
using ParamMap = std::map<std::string, at::Tensor>;

/// A weight that a function reads. `init` is present on tensors that a pass added: a number, "identity" or "uniform".
struct ParamSpec {
  TensorSpec tensor;
  std::optional<std::variant<double, std::string>> init;
  // Read by nothing but ops with activations narrower than float32: any other value is rounded to its type.
  bool isRounded = false;
};

/// An argument or result of a function. -1 is a dynamic dimension. States carry their name and initial value.
struct ValueSpec {
  std::string name; // lm.state or lm.name; empty when there is none
  std::vector<int64_t> shape;
  DType dtype = DType::F32;
  bool isState = false;
  double init = 0;
  /// Of token ids and labels: the number that all are less than; -1: none. Labels may be negative.
  int64_t below = -1;
  bool mayBeNegative = true;
};

struct FunctionSpec {
  std::string name;
  std::vector<ValueSpec> arguments, results;
  std::vector<ParamSpec> params; // in order of first use, each once
  int64_t numLayers = 0;
  int64_t contextLength = 0; // 0: not stated
  std::string family;        // empty: not stated
  /// The first op whose work on a device depends on values that the host must read; empty: there is none.
  std::string hostReader;
  int64_t packedArgument = -1; // doc_start, where full attention within documents reads it
};

enum class MlstmForm { Parallel, Chunkwise, Recurrent };

/// What a caller may look at while a function runs. A layer that a gradient runs once more (xlstm-recompute-layers) is
/// seen in its first run alone, whose values have no gradient.
class EvalObserver {
public:
  virtual ~EvalObserver() = default;
  /// The layer's mixer output before Wo, [B, T, H*d] (`attn_out.N`).
  virtual void onMixerOutput(int64_t layer, const at::Tensor &h_BTC) {}
  /// The first result of an op that carries `lm.node`, the name of the ONNX node that it was raised from.
  virtual void onNode(const std::string &node, const std::string &op, const at::Tensor &value) {}
  /// The opened output gate o = sigmoid(pre-activation), [B, T, H].
  virtual void onOutputGate(int64_t layer, const at::Tensor &o_BTH) {}
  /// Pre-activations of the input and forget gates, [B, T, H].
  virtual void onMemoryGates(int64_t layer, const at::Tensor &i_BTH, const at::Tensor &f_BTH) {}
};

/// Places on a device that hold what a function is given, so that a run that was recorded (DeviceGraph.h) can be
/// replayed for other values.
class RunInputs {
public:
  /// Copies of `given`, which lie on the host.
  RunInputs(const FunctionSpec &function, const std::vector<at::Tensor> &given, c10::Device device);
  /// Puts others there, behind what the device still has to do. False, and nothing done, where the run would have
  /// launched something else for them: other shapes, or about twice as many documents.
  bool put(const std::vector<at::Tensor> &given);

  std::vector<at::Tensor> arguments;
  /// Where the documents of all rows begin, and the number of tokens until the list is full; int32. Undefined where no
  /// attention reads it.
  at::Tensor starts;

private:
  const FunctionSpec &function; // outlives this
};

struct EvalOptions {
  /// kFloat: every value has the type that the IR shows, an op computes in float32 and rounds its results once. Another
  /// type overrides that: all floats are held and computed in it, nothing is rounded to what the IR shows (kDouble for
  /// checks).
  at::ScalarType type = at::kFloat;
  /// Overrides the form (and chunk) of every xlstm.mlstm that has no explicit state.
  std::optional<MlstmForm> form;
  std::optional<int64_t> chunk;
  EvalObserver *observer = nullptr;
  /// Token ids on a device are known to be in range, such as those that a model chose itself: nobody waits to look at
  /// them.
  bool trustsIds = false;
  /// Where the arguments lie on the device already. Their values, which run() is given too, are looked at on the host.
  const RunInputs *inputs = nullptr;
  /// Called with every result of every op, in the order of the program and in its own type, so that two ways to run one
  /// function can be compared op by op. `name` is lm::resultName's: "layers.0.linear.2", "layers.0.hybrid.0#1".
  std::function<void(const std::string &name, const at::Tensor &value)> onResult;
};

/// A parsed and verified module. Copies share it. run() is const and may be called from several threads.
class Program {
public:
  /// `mlir` is text or bytecode, `origin` its name for errors. Throws Error with the located diagnostic.
  static Program parse(std::string_view mlir, const std::string &origin);
  static Program load(const std::filesystem::path &file);

  bool has(const std::string &function) const;
  /// Throws Error when there is no such function, naming those there are.
  const FunctionSpec &function(const std::string &name) const;

  /// Results in order. Runs where `params` live: arguments are brought there, results stay there. Differentiable with
  /// respect to every float argument and param that requires grad. Token arguments are int64 (ids, labels) and int32
  /// (doc_start, pos). Throws Error when a param is missing or an argument
  /// has another shape than the function states.
  std::vector<at::Tensor> run(const std::string &function, const std::vector<at::Tensor> &arguments,
                              const ParamMap &params, const EvalOptions &options = {}) const;

  /// The initial states of a function with explicit state, in order of its state arguments, for `batch` rows, in the
  /// types that a run with EvalOptions::type `type` holds them in.
  std::vector<at::Tensor> initialState(const std::string &function, int64_t batch,
                                       at::ScalarType type = at::kFloat) const;

private:
  struct Impl;
  std::shared_ptr<const Impl> impl;
};

/// The stored tensors that `function` reads, as tensors of `type` on `device` (own memory); instead of float32, those
/// that it would round are in their own type. Throws Error when one is
/// missing or has another shape or storage type than the IR states, and, with `all`, when the folder holds a tensor
/// nobody reads.
ParamMap loadParams(const FunctionSpec &function, const WeightFiles &weights, at::ScalarType type = at::kFloat,
                    bool all = true, c10::Device device = c10::Device(c10::DeviceType::CPU));

/// The params of `function` that carry `init`, at their initial values.
ParamMap initialParams(const FunctionSpec &function, at::ScalarType type = at::kFloat);

/// Writes `params` as a safetensors file with the types and names that `specs` state (values are rounded to the
/// nearest). Every spec must have its tensor.
void saveParams(const std::filesystem::path &file, const std::vector<ParamSpec> &specs, const ParamMap &params);

/// A tensor over the bytes of a stored tensor (copied), in its own type.
at::Tensor toTensor(const StoredTensor &stored);
/// Writes named tensors (any dtype of DType) as a safetensors file.
void saveTensors(const std::filesystem::path &file, const std::vector<std::pair<std::string, at::Tensor>> &tensors,
                 const std::map<std::string, std::string> &metadata = {});

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVALUATE_PROGRAM_H
