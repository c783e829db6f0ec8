//===- Fields.cpp - what a request says, checked --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/Fields.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>
#include <cmath>

namespace xlstm::serve {

std::string dump(const Json &json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

HttpResponse errorAnswer(int status, const std::string &message, const std::string &field) {
  const char *type = status == 401   ? "authentication_error"
                     : status == 403 ? "permission_error"
                     : status == 404 ? "not_found_error"
                     : status == 503 ? "unavailable_error"
                     : status >= 500 ? "server_error"
                                     : "invalid_request_error";
  Json error = {
      {"message", message}, {"type", type}, {"param", field.empty() ? Json() : Json(field)}, {"code", status}};
  HttpResponse response{status, dump({{"error", std::move(error)}})};
  if (status == 401)
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (status == 503)
    response.headers.emplace_back("Retry-After", "1");
  return response;
}

Fields::Fields(const Json &object, std::string where) : object(object), where(std::move(where)) {
  if (!object.is_object())
    throw ApiError(400, (this->where.empty() ? "the body" : this->where.substr(0, this->where.size() - 1)) +
                            ": expected an object, found " + object.type_name());
}

void Fields::refuse(const std::string &name, const std::string &expected, const Json *found) const {
  std::string text = where + name + ": expected " + expected;
  if (found)
    text += ", found " + (found->is_primitive() && !found->is_string() ? found->dump()
                          : found->is_string()                         ? quote(found->get_ref<const std::string &>())
                                                                       : std::string(found->type_name()));
  throw ApiError(400, text, where + name);
}

const Json *Fields::find(const char *name) const {
  auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

const Json &Fields::get(const char *name) const {
  const Json *found = find(name);
  if (!found)
    throw ApiError(400, where + name + " is required", where + name);
  return *found;
}

bool Fields::flag(const char *name, bool otherwise) const {
  const Json *found = find(name);
  if (found && !found->is_boolean())
    refuse(name, "true or false", found);
  return found ? found->get<bool>() : otherwise;
}

double Fields::number(const char *name, double otherwise, double least, double most) const {
  const Json *found = find(name);
  if (!found)
    return otherwise;
  const double value = found->is_number() ? found->get<double>() : std::nan("");
  if (!(value >= least && value <= most)) {
    std::ostringstream range;
    range << "a number from " << least << " to " << most;
    refuse(name, range.str(), found);
  }
  return value;
}

int64_t Fields::integer(const char *name, int64_t otherwise, int64_t least, int64_t most) const {
  const Json *found = find(name);
  if (!found)
    return otherwise;
  const bool fits = found->is_number_integer() &&
                    !(found->is_number_unsigned() && found->get<uint64_t>() > static_cast<uint64_t>(INT64_MAX));
  if (!fits || found->get<int64_t>() < least || found->get<int64_t>() > most)
    refuse(name, "a whole number from " + std::to_string(least) + " to " + std::to_string(most), found);
  return found->get<int64_t>();
}

std::string Fields::text(const char *name, const std::string &otherwise) const {
  return find(name) ? text(name) : otherwise;
}

std::string Fields::text(const char *name) const {
  const Json &found = get(name);
  if (!found.is_string())
    refuse(name, "a string", &found);
  return found.get<std::string>();
}

std::vector<std::string> Fields::texts(const char *name, size_t most) const {
  const Json *found = find(name);
  std::vector<std::string> result;
  if (!found)
    return result;
  if (found->is_string())
    return {found->get<std::string>()};
  if (!found->is_array())
    refuse(name, "a string or a list of strings", found);
  if (found->size() > most)
    refuse(name, std::to_string(most) + " strings at most, found " + std::to_string(found->size()));
  for (const Json &one : *found) {
    if (!one.is_string())
      refuse(name, "strings", &one);
    result.push_back(one.get<std::string>());
  }
  return result;
}

std::vector<int32_t> Fields::tokens(const char *name, const Json &list, int64_t vocab) const {
  std::vector<int32_t> result;
  if (!list.is_array())
    refuse(name, "a list of token ids", &list);
  result.reserve(list.size());
  for (const Json &one : list) {
    if (!one.is_number_integer() || one < 0 || one >= vocab)
      refuse(name, "token ids from 0 to " + std::to_string(vocab - 1), &one);
    result.push_back(one.get<int32_t>());
  }
  return result;
}

void Fields::checkNames(std::span<const char *const> known, std::span<const NeutralField> neutral) const {
  for (const auto &[name, value] : object.items()) {
    if (value.is_null() || std::ranges::count(known, std::string_view(name)))
      continue;
    auto found = std::ranges::find(neutral, std::string_view(name),
                                   [](const NeutralField &field) { return std::string_view(field.name); });
    if (found == neutral.end())
      throw ApiError(400, where + quote(name) + " is no field that this server knows", where + name);
    if (value != Json::parse(found->value))
      refuse(name, std::string(found->value) + ": this server has nothing else", &value);
  }
}

} // namespace xlstm::serve
