//===- AtomicFile.h - outputs that appear whole or not at all -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_ATOMICFILE_H
#define XLSTM_RUNTIME_FILES_ATOMICFILE_H

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

namespace xlstm {

class Temporary;

/// A file written beside its place under a temporary name, flushed to disk and renamed by commit(). Destroyed without
/// commit it leaves nothing. Every method throws Error (full disk, no permission) with the path in the text.
class AtomicFile {
public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile &) = delete;
  AtomicFile &operator=(const AtomicFile &) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  /// Gives the file the permission bits of an executable at commit.
  void makeExecutable() { executable = true; }
  void commit();

private:
  std::filesystem::path target;
  std::unique_ptr<Temporary> temporary;
  bool executable = false;
};

/// Writes `text` to `path` as AtomicFile does.
void writeTextFile(const std::filesystem::path &path, std::string_view text);

/// A folder built under a temporary name beside its place; commit() puts it in place of what was there. A reader sees
/// the old folder or the new one, never a mixture. Destroyed without commit it removes what was built.
class AtomicDirectory {
public:
  explicit AtomicDirectory(std::filesystem::path path);
  ~AtomicDirectory();
  AtomicDirectory(const AtomicDirectory &) = delete;
  AtomicDirectory &operator=(const AtomicDirectory &) = delete;

  /// Where to write the content.
  const std::filesystem::path &path() const;
  void commit();

private:
  std::filesystem::path target;
  std::unique_ptr<Temporary> temporary;
};

/// A folder beside `output` for what is made on the way to it; it goes with its owner. What a killed process left goes
/// when the next AtomicFile, AtomicDirectory or ScratchFolder of the same output is made.
class ScratchFolder {
public:
  explicit ScratchFolder(const std::filesystem::path &output);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder &) = delete;
  ScratchFolder &operator=(const ScratchFolder &) = delete;

  const std::filesystem::path &path() const;

private:
  std::unique_ptr<Temporary> temporary;
};

/// Removes what AtomicFile and AtomicDirectory of processes that are no more left anywhere in `folder`.
void removeStaleBelow(const std::filesystem::path &folder);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_ATOMICFILE_H
