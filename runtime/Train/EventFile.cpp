//===- EventFile.cpp - a run's log for TensorBoard ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "EventFile.h"

#include <array>
#include <bit>
#include <chrono>
#include <cstring>

namespace xlstm {

uint32_t maskedCrc32c(std::string_view bytes) {
  static const std::array<uint32_t, 256> table = [] {
    std::array<uint32_t, 256> made{};
    for (uint32_t n = 0; n < 256; ++n) {
      made[n] = n;
      for (int bit = 0; bit < 8; ++bit)
        made[n] = made[n] >> 1 ^ (made[n] & 1 ? 0x82f63b78 : 0);
    }
    return made;
  }();
  uint32_t crc = ~uint32_t{0};
  for (unsigned char byte : bytes)
    crc = table[(crc ^ byte) & 255] ^ crc >> 8;
  return std::rotr(~crc, 15) + 0xa282ead8;
}

/// The bytes of a number, little endian.
template <typename T>
static std::string fixed(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

static std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 128; value >>= 7)
    bytes += char(value | 128);
  return bytes += char(value);
}

// Fields of a protocol buffer: a tag, which is the number and how it is coded, and the value.
static std::string field(int number, double value) { return char(number << 3 | 1) + fixed(value); }
static std::string field(int number, float value) { return char(number << 3 | 5) + fixed(value); }
static std::string field(int number, int64_t value) { return char(number << 3) + varint(uint64_t(value)); }
static std::string field(int number, const std::string &bytes) {
  return char(number << 3 | 2) + varint(bytes.size()) + bytes;
}

static std::string record(const std::string &event) {
  std::string length = fixed(uint64_t(event.size()));
  return length + fixed(maskedCrc32c(length)) + event + fixed(maskedCrc32c(event));
}

std::string eventHeader(double wallTime) { return record(field(1, wallTime) + field(3, std::string("brain.Event:2"))); }

std::string eventRecord(double wallTime, int64_t step, const std::vector<std::pair<std::string, float>> &values) {
  std::string summary;
  for (const auto &[name, value] : values)
    summary += field(1, field(1, name) + field(2, value));
  return record(field(1, wallTime) + field(2, step) + field(5, summary));
}

static double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// A log that is not there any more, which nobody needs to go on, begins anew.
static int64_t lengthOf(const std::filesystem::path &path, int64_t bytes) {
  std::error_code error;
  auto found = std::filesystem::file_size(path, error);
  return error || int64_t(found) < bytes ? 0 : bytes;
}

EventFile::EventFile(const std::filesystem::path &path, int64_t bytes) : file(path, lengthOf(path, bytes)) {
  if (file.size() == 0)
    file.append(eventHeader(now()));
}

static void collect(const std::string &name, const Json &value, std::vector<std::pair<std::string, float>> &values) {
  if (value.is_number())
    values.emplace_back(name, value.get<float>());
  if (value.is_object())
    for (const auto &[key, inner] : value.items())
      collect(name.empty() ? key : name + "/" + key, inner, values);
  bool isRange = value.is_array() && value.size() == 2 && value[0].is_number() && value[1].is_number();
  for (size_t n = 0; isRange && n < 2; ++n)
    values.emplace_back(name + (n == 0 ? "/least" : "/greatest"), value[n].get<float>());
}

void EventFile::append(const Json &line) {
  Json rest = line;
  rest.erase("step");
  std::vector<std::pair<std::string, float>> values;
  collect("", rest, values);
  file.append(eventRecord(now(), line.at("step"), values));
}

} // namespace xlstm
