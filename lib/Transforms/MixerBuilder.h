//===- MixerBuilder.h - find a teacher's attention, build its successor ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What Linearize and BuildAlign share: which layers to convert, what a mixer needs of their surroundings, the mixer.

#ifndef LIB_TRANSFORMS_MIXERBUILDER_H
#define LIB_TRANSFORMS_MIXERBUILDER_H

#include "dialects/XLSTM/XLSTMDialect.h"

#include "mlir/IR/Builders.h"

namespace xlstm {

/// The projection that queries, keys or values come from. `heads` are those that the attention takes of it; empty: all.
struct HeadProjection {
  lm::LinearOp linear;
  lm::SplitHeadsOp split;
  llvm::SmallVector<int64_t> heads;
};

/// Which layers get a mixer: those named or, where none is, all with full attention and, with `convertSliding`, with a
/// window of their own. Of these the query heads in `keepHeads` (KeptHeads.h) stay attention.
struct LayerSelection {
  llvm::ArrayRef<int64_t> layers;
  bool convertSliding;
  llvm::StringRef keepHeads;
};

/// An attention to be replaced, which where heads are kept is that of the others. Its projections are set where the
/// mixer reads them.
struct AttentionSite {
  lm::LayerOp layer;
  lm::AttentionOp attention;
  HeadProjection q, k, v;
};

/// The attentions of the selected layers, in order; emits an error for one that cannot have this mixer and a remark for
/// each layer that stays as it is. Where heads are kept, their attention is parted from that of the others.
mlir::FailureOr<llvm::SmallVector<AttentionSite>> selectSites(lm::ModelOp model, xlstm::MixerAttr mixer,
                                                              LayerSelection selection);

class MixerBuilder;

/// What a kind of mixer is made of. One with a memory and a window has the output gate between them.
struct MixerParts {
  xlstm::MixerKind kind;
  /// Builds the branch that remembers; null: none.
  mlir::Value (*memory)(MixerBuilder &);
  bool hasWindow;
  /// Whether the memory's gates read what the query projection reads.
  bool hasGates;
};

const MixerParts &partsOf(xlstm::MixerKind kind);

/// Builds the student's mixer in front of a site's attention.
class MixerBuilder {
public:
  MixerBuilder(const AttentionSite &site, xlstm::MixerAttr mixer);

  /// The mixer's output, [B, T, H, d].
  mlir::Value build();
  /// The window branch alone; the mixer's own where it has one.
  mlir::Value window();

  // Of use to what builds a memory.
  mlir::Value inputGate() { return memoryGate("i_gate", mixer.getInputGateBias()); }
  mlir::Value forgetGate() { return memoryGate("f_gate", mixer.getForgetGateBias()); }
  /// Queries or keys behind a feature map whose weight is called `name`.
  mlir::Value mapped(mlir::Value heads, llvm::StringRef name);
  lm::AttentionOp attention() const { return site.attention; }
  /// A float32 parameter of the layer's attention.
  mlir::Value param(llvm::StringRef name, llvm::ArrayRef<int64_t> shape, mlir::Attribute init);

  mlir::OpBuilder builder;
  const mlir::Location loc;
  const xlstm::MixerAttr mixer;

private:
  mlir::Value memoryGate(llvm::StringRef name, mlir::FloatAttr bias);
  mlir::Value outputGate();
  mlir::Value rawHeads(HeadProjection projection);

  AttentionSite site;
  int64_t numHeads, headDim;
  mlir::Value windowBranch;
};

} // namespace xlstm

#endif // LIB_TRANSFORMS_MIXERBUILDER_H
