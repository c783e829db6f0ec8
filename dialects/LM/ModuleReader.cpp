//===- ModuleReader.cpp - modules that a user gives -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/ModuleReader.h"

#include "dialects/LM/BytecodeChild.h"

#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/MemoryBufferRef.h"

using namespace mlir;

namespace xlstm::lm {

// Beyond any model: brackets inside each other, and attributes and types counted as often as they are printed.
static constexpr unsigned deepest = 128;
static constexpr uint64_t mostElements = uint64_t{1} << 21;

/// Whether brackets of the text nest deeper than `deepest`; those of strings and comments do not count.
static bool nestsTooDeep(StringRef text) {
  unsigned depth = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    char c = text[at], next = at + 1 < text.size() ? text[at + 1] : 0;
    if (c == '"') {
      for (++at; at < text.size() && text[at] != '"' && text[at] != '\n'; ++at)
        at += text[at] == '\\';
    } else if (c == '/' && next == '/') {
      at = std::min(text.find('\n', at), text.size());
    } else if ((c == '-' || c == '<' || c == '>') && (next == '=' || next == '>') && c != next) {
      ++at; // -> >= <=
    } else if (StringRef("([{<").contains(c)) {
      if (++depth > deepest)
        return true;
    } else if (StringRef(")]}>").contains(c) && depth) {
      --depth;
    }
  }
  return false;
}

namespace {

/// Counts the elements of attributes and types, each as often as it is reached: aliases and the sharing in bytecode
/// make small files of attributes that are exponentially large when they are printed.
class ElementCount {
public:
  /// False when the module has too many or they nest too deep.
  bool check(Operation *module) {
    module->walk([&](Operation *op) {
      add(op->getAttrDictionary());
      if (Attribute properties = op->getPropertiesAsAttribute())
        add(properties);
      add(LocationAttr(op->getLoc()));
      for (Type type : op->getResultTypes())
        add(type);
      for (Region &region : op->getRegions())
        for (Block &block : region)
          for (BlockArgument argument : block.getArguments()) {
            add(argument.getType());
            add(LocationAttr(argument.getLoc()));
          }
      return total > mostElements ? WalkResult::interrupt() : WalkResult::advance();
    });
    return total <= mostElements;
  }

private:
  template <typename Element>
  void add(Element element) {
    total = std::min(total + count(element, 0), mostElements + 1);
  }

  template <typename Element>
  uint64_t count(Element element, unsigned depth) {
    if (!element)
      return 0;
    const void *key = element.getAsOpaquePointer();
    if (auto known = counts.find(key); known != counts.end())
      return known->second;
    if (depth > deepest)
      return mostElements + 1;
    counts[key] = mostElements + 1; // what holds itself has no end
    uint64_t sum = 1;
    auto take = [&](auto inner) { sum = std::min(sum + count(inner, depth + 1), mostElements + 1); };
    element.walkImmediateSubElements([&](Attribute inner) { take(inner); }, [&](Type inner) { take(inner); });
    counts[key] = sum;
    return sum;
  }

  llvm::DenseMap<const void *, uint64_t> counts;
  uint64_t total = 0;
};

} // namespace

static bool hasFairSize(ModuleOp module) {
  if (ElementCount().check(module))
    return true;
  emitError(module.getLoc()) // not at the operation, which a note would print
      << "expected attributes and types of at most " << mostElements << " elements that nest at most "
      << deepest << " deep, found more";
  return false;
}

/// What the child answers: 't' and the module as text, or 'e' and the first error.
static std::string convertBytecode(StringRef bytes, StringRef origin, MLIRContext &context) {
  std::string error, text = "t";
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (error.empty() && diagnostic.getSeverity() == DiagnosticSeverity::Error)
      error = "e" + diagnostic.str();
    return success();
  });
  auto module = parseSourceString<ModuleOp>(bytes, ParserConfig(&context, /*verifyAfterParse=*/false), origin);
  if (!module || !hasFairSize(*module))
    return error.empty() ? "eexpected a module" : error;
  llvm::raw_string_ostream stream(text);
  module->print(stream, OpPrintingFlags().enableDebugInfo());
  return text;
}

/// The bytecode as text; nothing after an error.
static std::optional<std::string> textOfBytecode(StringRef bytes, StringRef origin, MLIRContext &context) {
  // A tenth of either serves an 8B model's module.
  const ChildLimits limits{(size_t{1} << 28) + 16 * bytes.size(), 500 + bytes.size() / 1024};
  auto answer = runInChild([&] { return convertBytecode(bytes, origin, context); }, limits);
  Location place = FileLineColLoc::get(&context, origin, 0, 0);
  if (!answer || answer->empty())
    emitError(place) << "damaged bytecode: expected a module, found what cannot be read";
  else if (answer->front() == 'e')
    emitError(place) << answer->substr(1);
  else
    return answer->substr(1);
  return std::nullopt;
}

OwningOpRef<ModuleOp> readModule(std::string_view bytes, StringRef origin, MLIRContext &context) {
  std::string text(bytes); // the lexer wants the terminating zero
  if (isBytecode(llvm::MemoryBufferRef(text, origin))) {
    std::optional<std::string> converted = textOfBytecode(text, origin, context);
    if (!converted)
      return nullptr;
    text = std::move(*converted);
  }
  Location place = FileLineColLoc::get(&context, origin, 0, 0);
  if (nestsTooDeep(text)) {
    emitError(place) << "expected brackets that nest at most " << deepest << " deep, found more";
    return nullptr;
  }
  auto module = parseSourceString<ModuleOp>(text, ParserConfig(&context, /*verifyAfterParse=*/false), origin);
  if (!module || !hasFairSize(*module) || failed(verify(*module)))
    return nullptr;
  return module;
}

} // namespace xlstm::lm
