//===- JsonFields.cpp - keys of a JSON object, read strictly --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/HuggingFace/JsonFields.h"

#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <cmath>

namespace xlstm {

static constexpr int64_t largestSize = int64_t{1} << 27;

/// A value for a message: short, on one line.
static std::string show(const Json &value) {
  if (value.is_string())
    return xlstm::quote(value.get_ref<const std::string &>());
  std::string text = value.dump();
  if (text.size() <= 60)
    return text;
  return value.is_array() ? "a list of " + std::to_string(value.size()) : "an object";
}

JsonFields::JsonFields(const Json &value, std::string file, std::string prefix)
    : json(value), file(std::move(file)), prefix(std::move(prefix)) {
  if (value.is_object())
    return;
  std::string place = this->prefix.empty() ? "" : "'" + this->prefix.substr(0, this->prefix.size() - 1) + "': ";
  xlstm::fail(this->file, ": ", place, "expected an object, found ", show(value));
}

void JsonFields::fail(const std::string &key, const std::string &expected) const {
  auto it = json.find(key);
  xlstm::fail(place(key), ": expected ", expected, ", found ", it == json.end() ? "nothing" : show(*it));
}

const Json *JsonFields::find(const std::string &key) const {
  auto it = json.find(key);
  return it == json.end() || it->is_null() ? nullptr : &*it;
}

std::optional<JsonFields> JsonFields::child(const std::string &key) const {
  const Json *value = find(key);
  if (!value)
    return std::nullopt;
  return JsonFields(*value, file, prefix + key + ".");
}

int64_t JsonFields::integer(const std::string &key, int64_t least) const {
  const Json *value = find(key);
  bool fits = value && value->is_number_integer() &&
              (!value->is_number_unsigned() || value->get<uint64_t>() <= static_cast<uint64_t>(largestSize));
  if (!fits || value->get<int64_t>() < least || value->get<int64_t>() > largestSize)
    fail(key, "an integer of " + std::to_string(least) + " to " + std::to_string(largestSize));
  return value->get<int64_t>();
}

int64_t JsonFields::size(const std::string &key) const { return integer(key, 1); }

std::optional<int64_t> JsonFields::optionalSize(const std::string &key) const {
  return find(key) ? std::optional(integer(key, 1)) : std::nullopt;
}

std::optional<int64_t> JsonFields::optionalCount(const std::string &key) const {
  return find(key) ? std::optional(integer(key, 0)) : std::nullopt;
}

double JsonFields::requiredPositive(const std::string &key) const {
  const Json *value = find(key);
  double number = value && value->is_number() ? value->get<double>() : 0;
  if (!std::isfinite(number) || number <= 0)
    fail(key, "a number above 0");
  return number;
}

std::vector<double> JsonFields::positives(const std::string &key, size_t size) const {
  const Json *value = find(key);
  std::vector<double> result;
  if (value && value->is_array() && value->size() == size)
    for (const Json &element : *value)
      if (double number = element.is_number() ? element.get<double>() : 0; std::isfinite(number) && number > 0)
        result.push_back(number);
  if (result.size() != size)
    fail(key, "a list of " + std::to_string(size) + " numbers above 0");
  return result;
}

std::optional<double> JsonFields::positive(const std::string &key) const {
  return find(key) ? std::optional(requiredPositive(key)) : std::nullopt;
}

std::optional<bool> JsonFields::flag(const std::string &key) const {
  const Json *value = find(key);
  if (value && !value->is_boolean())
    fail(key, "true or false");
  return value ? std::optional(value->get<bool>()) : std::nullopt;
}

std::optional<std::string> JsonFields::text(const std::string &key) const {
  const Json *value = find(key);
  if (value && !value->is_string())
    fail(key, "a string");
  return value ? std::optional(value->get<std::string>()) : std::nullopt;
}

} // namespace xlstm
