//===- ShapeChecks.cpp - shape verification by name of dimension ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/ShapeChecks.h"

#include "llvm/ADT/SmallVector.h"

using namespace mlir;

namespace xlstm::lm {

ShapeChecks &ShapeChecks::shape(StringRef value, Type type, StringRef dims) {
  if (failed)
    return *this;
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<StringRef> names;
  dims.split(names, ' ', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  if (tensor.getRank() != static_cast<int64_t>(names.size())) {
    failed = true;
    op->emitOpError() << "expects " << value << " to have shape [" << dims << "], found " << type;
    return *this;
  }
  for (auto [name, size] : llvm::zip(names, tensor.getShape())) {
    Dimension &known = dimensions[name];
    if (ShapedType::isDynamic(size))
      continue;
    if (ShapedType::isDynamic(known.size)) {
      known = {size, value.str()};
    } else if (known.size != size) {
      failed = true;
      op->emitOpError() << "expects dimension " << name << " of " << value << " to be " << known.size << " as in "
                        << known.seenAt << ", found " << size;
      return *this;
    }
  }
  return *this;
}

ShapeChecks &ShapeChecks::multiple(StringRef name, StringRef divisor) {
  int64_t all = size(name), part = size(divisor);
  if (failed || ShapedType::isDynamic(all) || ShapedType::isDynamic(part))
    return *this;
  if (part == 0 || all % part != 0) {
    failed = true;
    op->emitOpError() << "expects dimension " << name << " (" << all << ") to be a multiple of " << divisor << " ("
                      << part << ")";
  }
  return *this;
}

ShapeChecks &ShapeChecks::equals(StringRef name, int64_t wanted, StringRef why) {
  int64_t found = size(name);
  if (failed || ShapedType::isDynamic(found) || ShapedType::isDynamic(wanted) || found == wanted)
    return *this;
  failed = true;
  op->emitOpError() << "expects dimension " << name << " to be " << wanted << " (" << why << "), found " << found;
  return *this;
}

ShapeChecks &ShapeChecks::element(StringRef value, Type type) {
  Type found = cast<RankedTensorType>(type).getElementType();
  if (!elementType) {
    elementType = found;
    elementSeenAt = value.str();
  }
  if (failed || found == elementType)
    return *this;
  failed = true;
  op->emitOpError() << "expects the elements of " << value << " to be " << elementType << " as in " << elementSeenAt
                    << ", found " << found;
  return *this;
}

int64_t ShapeChecks::size(StringRef name) const {
  auto it = dimensions.find(name);
  return it == dimensions.end() ? ShapedType::kDynamic : it->second.size;
}

} // namespace xlstm::lm
