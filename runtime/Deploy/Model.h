//===- Model.h - the model that this executable carries -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_DEPLOY_MODEL_H
#define RUNTIME_DEPLOY_MODEL_H

#include "runtime/Deploy/Backend.h"
#include "runtime/Deploy/HugeMemory.h"
#include "runtime/Deploy/WeightCheck.h"
#include "xlstm/Runtime/Files/ChatFiles.h"
#include "xlstm/Runtime/Text/Tokenizer.h"

#include <map>

namespace xlstm {

/// Weights and tokenizer, mapped from the running executable.
class CarriedModel {
public:
  /// Throws Error when what follows the program is missing, truncated or changed, belongs to another model than
  /// `numbers`, or the program itself was changed. The weights are not read here.
  static CarriedModel open(const ModelNumbers &numbers);

  /// The same, and this machine can run it: Error names what the machine lacks.
  static CarriedModel openToRun(const ModelNumbers &numbers);

  /// From the first call on the weights are checked in the background.
  const char *weights();
  /// The same, in memory of their own with large pages where that is worth it: for who reads all of them a token.
  const char *fastWeights();
  /// Waits until they are; throws Error when they are not those that were put in. Nothing that was computed from them
  /// may be shown before.
  void waitForWeights();
  bool hasTokenizer() const { return !payload->bytesOf(section::Tokenizer).empty(); }
  Tokenizer makeTokenizer() const;
  /// As a target store names the tokenizer whose tokens it has answers for: a hash of its file.
  std::string tokenizerHash() const { return hexDigits(hashOf(payload->bytesOf(section::Tokenizer))); }
  /// The chat template for runtime/Chat; no text where there is none.
  ChatFiles chat() const { return {chatTemplate, "chat template of the executable", chatTokens, chatToolTemplate}; }
  /// Of the program and of all it carries: what a saved state belongs to.
  FileHash identity() const { return payload->identity(); }
  /// Checks every byte of the executable. Throws Error.
  void verify() const;

  std::string name;
  /// "teacher" or "student".
  std::string kind;
  /// "cpu" or "cuda", the least CPU that runs it and what of it the model uses (CpuFeatures.h), its ABI's number.
  std::string target, cpu;
  std::vector<std::string> features;
  int64_t abi = 0;
  /// Tokens that end a text.
  std::vector<int32_t> endTokens;
  /// The chat template and that for tools, empty where the model has none, and the tokens that it writes by name.
  std::string chatTemplate, chatToolTemplate;
  std::map<std::string, std::string> chatTokens;

private:
  void readMetadata();

  std::shared_ptr<const Payload> payload;
  std::shared_ptr<HugeMemory> copy;
  std::shared_ptr<WeightCheck> check;
};

/// Those of a model as the backend wants them.
inline const char *weightsFor(CarriedModel &model, const Backend &backend) {
  return backend.readsWeights() ? model.fastWeights() : model.weights();
}

} // namespace xlstm

#endif // RUNTIME_DEPLOY_MODEL_H
