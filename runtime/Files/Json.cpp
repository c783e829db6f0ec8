//===- Json.cpp - strict JSON with located errors -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Json.h"

#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>
#include <unordered_set>

using namespace xlstm;

namespace {

constexpr size_t maxDepth = 64;
/// Keeps what a file of brackets can make us allocate below a few hundred megabytes; the largest tokenizers hold two
/// million values.
constexpr size_t maxValues = size_t{1} << 23;

/// Text whose reader's place is known: nlohmann's events do not carry it.
class TrackedIterator {
public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char *;
  using reference = const char &;

  TrackedIterator(const char *at, const char **latest) : at(at), latest(latest) {}
  reference operator*() const { return *at; }
  TrackedIterator &operator++() {
    *latest = ++at;
    return *this;
  }
  bool operator==(const TrackedIterator &other) const { return at == other.at; }
  bool operator!=(const TrackedIterator &other) const { return at != other.at; }

private:
  const char *at;
  const char **latest;
};

/// Builds the tree. nlohmann's own builder looks every key of an ordered object up by a linear search and keeps the
/// last of duplicates; this one appends, and finds duplicates by a set.
class Builder : public nlohmann::json_sax<Json> {
public:
  Builder(std::string_view text, const std::string &origin) : text(text), origin(origin), latest(text.data()) {}

  TrackedIterator begin() { return {text.data(), &latest}; }
  TrackedIterator end() { return {text.data() + text.size(), &latest}; }
  Json root;

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(int64_t value) override { return add(value); }
  bool number_unsigned(uint64_t value) override { return add(value); }
  bool number_float(double value, const std::string &) override { return add(value); }
  bool string(std::string &value) override { return add(std::move(value)); }
  bool binary(Json::binary_t &) override { return false; }

  bool start_object(size_t) override { return open(Json::object()); }
  bool end_object() override { return close(); }
  bool start_array(size_t) override { return open(Json::array()); }
  bool end_array() override { return close(); }

  bool key(std::string &name) override {
    if (!levels.back().keys.insert(name).second)
      failAt(latest - text.data(), "the key " + quote(name) + " comes twice in an object");
    levels.back().key = std::move(name);
    return true;
  }

  bool parse_error(size_t position, const std::string &, const nlohmann::json::exception &error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: what"
    std::string_view what = error.what();
    size_t start = what.find(": ");
    what = start == what.npos ? what : what.substr(start + 2);
    if (size_t read = what.find("; last read"); read != what.npos)
      what = what.substr(0, read); // may be long and not UTF-8
    if (error.id == 406)
      what = "a number overflows";
    failAt(position, std::string(what));
  }

private:
  struct Level {
    Json *value;
    std::string key;
    std::unordered_set<std::string> keys;
  };

  [[noreturn]] void failAt(size_t position, const std::string &what) const {
    std::string_view before = text.substr(0, position ? position - 1 : 0);
    size_t line = std::count(before.begin(), before.end(), '\n') + 1;
    size_t newline = before.rfind('\n');
    size_t column = newline == before.npos ? before.size() + 1 : before.size() - newline;
    fail(origin, ":", line, ":", column, ": ", what);
  }

  Json *place(Json &&value) {
    if (++values > maxValues)
      failAt(latest - text.data(), "more than " + std::to_string(maxValues) + " values");
    if (levels.empty())
      return &(root = std::move(value));
    Level &level = levels.back();
    if (level.value->is_array())
      return &level.value->get_ref<Json::array_t &>().emplace_back(std::move(value));
    Json::object_t::Container &members = level.value->get_ref<Json::object_t &>();
    return &members.emplace_back(std::move(level.key), std::move(value)).second;
  }

  template <typename T>
  bool add(T &&value) {
    place(Json(std::forward<T>(value)));
    return true;
  }

  bool open(Json &&value) {
    if (levels.size() == maxDepth)
      failAt(latest - text.data(), "nested deeper than " + std::to_string(maxDepth));
    // A parent's vector does not grow while a child is open, so the pointer holds.
    levels.push_back({place(std::move(value)), {}, {}});
    return true;
  }

  bool close() {
    levels.pop_back();
    return true;
  }

  std::string_view text;
  const std::string &origin;
  const char *latest;
  std::vector<Level> levels;
  size_t values = 0;
};

} // namespace

Json xlstm::parseJson(std::string_view text, const std::string &origin) {
  if (text.empty())
    fail(origin, ": expected JSON, found an empty file");
  Builder builder(text, origin);
  Json::sax_parse(builder.begin(), builder.end(), &builder);
  return std::move(builder.root);
}

Json xlstm::readJsonFile(const std::filesystem::path &path) {
  return parseJson(MappedFile::openInside(path.parent_path(), path.filename())->text(), path.string());
}

Json xlstm::findJsonFile(const std::filesystem::path &path) {
  auto file = MappedFile::findInside(path.parent_path(), path.filename());
  return file ? parseJson(file->text(), path.string()) : Json();
}
