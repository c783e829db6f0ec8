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

  const char *weights() const { return reinterpret_cast<const char *>(bytesOf(footer.weights).data()); }
  Tokenizer makeTokenizer() const;
  /// Throws Error when the weights are not those that were put in.
  void verify() const;

  std::string name;
  /// "teacher" or "student".
  std::string kind;
  /// Tokens that end a text.
  std::vector<int32_t> endTokens;
  /// The chat template, empty where the model has none, and the tokens that it writes by name.
  std::string chatTemplate;
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
