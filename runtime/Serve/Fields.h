//===- Fields.h - what a request says, checked ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_SERVE_FIELDS_H
#define RUNTIME_SERVE_FIELDS_H

#include "runtime/Serve/Http.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Error.h"

#include <optional>
#include <span>
#include <vector>

namespace xlstm::serve {

/// A fault of a request, answered in the shape of OpenAI's errors.
class ApiError : public Error {
public:
  ApiError(int status, const std::string &message, std::string field = "")
      : Error(message), status(status), field(std::move(field)) {}
  int status;
  std::string field;
};

/// Such an answer, with the headers that belong to its status.
HttpResponse errorAnswer(int status, const std::string &message, const std::string &field = "");

/// Text that is no UTF-8 is replaced.
std::string dump(const Json &json);

/// A field of a request that has one value here: that of a server without it.
struct NeutralField {
  const char *name;
  const char *value; // JSON
};

/// The fields of a JSON object. Absent and null are the same. Everything throws ApiError 400 that names the field.
class Fields {
public:
  /// `object` must be one and outlive this; `where` is put before the names, such as "stream_options.".
  explicit Fields(const Json &object, std::string where = "");

  /// Null where there is no such field.
  const Json *find(const char *name) const;
  const Json &get(const char *name) const;
  bool flag(const char *name, bool otherwise) const;
  int64_t integer(const char *name, int64_t otherwise, int64_t least, int64_t most) const;
  double number(const char *name, double otherwise, double least, double most) const;
  std::string text(const char *name, const std::string &otherwise) const;
  std::string text(const char *name) const;
  /// A string or a list of them.
  std::vector<std::string> texts(const char *name, size_t most) const;
  /// Token ids below `vocab`.
  std::vector<int32_t> tokens(const char *name, const Json &list, int64_t vocab) const;
  /// Refuses a name that is in neither list, and values that are not the neutral ones.
  void checkNames(std::span<const char *const> known, std::span<const NeutralField> neutral) const;
  [[noreturn]] void refuse(const std::string &name, const std::string &expected, const Json *found = nullptr) const;

private:
  const Json &object;
  std::string where;
};

} // namespace xlstm::serve

#endif // RUNTIME_SERVE_FIELDS_H
