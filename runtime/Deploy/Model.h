//===- Model.h - the model that this executable carries -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_DEPLOY_MODEL_H
#define RUNTIME_DEPLOY_MODEL_H

#include "runtime/Deploy/Backend.h"
#include "xlstm/Runtime/Deploy/Payload.h"
#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Runtime/Text/Tokenizer.h"

#include <map>

namespace xlstm {

/// Weights and tokenizer, mapped from the running executable.
class CarriedModel {
public:
  /// Throws Error when what follows the program is missing, truncated or changed, or belongs to another model than
  /// `numbers`. The weights are not read here: verify() does.
  static CarriedModel open(const ModelNumbers &numbers);

  /// The same, and this machine can run it: Error names what the machine lacks.
  static CarriedModel openToRun(const ModelNumbers &numbers);

  const char *weights() const { return reinterpret_cast<const char *>(bytesOf(footer.weights).data()); }
  Tokenizer makeTokenizer() const;
  /// Throws Error when the weights are not those that were put in.
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
  void checkFooter(const ModelNumbers &numbers);
  void readMetadata();
  std::span<const std::byte> bytesOf(const PayloadPart &part) const;
  void checkPart(const PayloadPart &part, const char *what) const;

  std::shared_ptr<const MappedFile> file;
  PayloadFooter footer;
};

} // namespace xlstm

#endif // RUNTIME_DEPLOY_MODEL_H
