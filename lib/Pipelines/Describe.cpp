//===- Describe.cpp - what a module's model is ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Pipelines/Describe.h"
#include "dialects/LM/LMDialect.h"
#include "dialects/LM/ModuleReader.h"
#include "dialects/XLSTM/XLSTMDialect.h"
#include "xlstm/Model/Families.h"
#include "xlstm/Support/Error.h"

#include <cstdio>
#include <map>

using namespace mlir;

namespace xlstm {

static int64_t dimension(Value value, int64_t index) {
  return cast<RankedTensorType>(value.getType()).getDimSize(index);
}

static StringRef paramName(Value value) {
  auto param = value ? value.getDefiningOp<lm::ParamOp>() : nullptr;
  return param ? param.getName() : StringRef();
}

static std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

/// A scaled rotation is kept as its frequencies alone, whatever the rule that made them.
static std::string describeRope(lm::RopeAttr rope, int64_t headSize) {
  std::string text;
  if (rope.getTheta()) {
    text = "theta " + number(rope.getTheta().getValueAsDouble());
  } else {
    SmallVector<double> frequencies = rope.computeFrequencies(headSize);
    text = "scaled, frequencies from " + number(frequencies.front()) + " to " + number(frequencies.back());
  }
  if (rope.attentionFactor() != 1)
    text += ", attention factor " + number(rope.attentionFactor());
  return text;
}

namespace {

/// What one layer's ops say.
class LayerReader {
public:
  explicit LayerReader(const Family *family) : family(family) {}

  LayerDescription read(lm::LayerOp layer) {
    layer.walk([&](Operation *op) { look(op); });
    bool remembers = !out.form.empty();
    out.mixer = remembers && out.attends ? "hybrid"
                : remembers              ? (gated ? "mlstm" : "linear-attention")
                : out.sinks              ? "window"
                                         : "attention";
    if (auto mixer = layer->getAttrOfType<xlstm::MixerAttr>(xlstm::MixerAttr::name))
      lookStudent(mixer);
    return out;
  }

private:
  void lookStudent(xlstm::MixerAttr mixer) {
    out.mixer = stringifyMixerKind(mixer.getMixer()).str();
    llvm::raw_string_ostream(out.student) << mixer;
  }

  void look(Operation *op) {
    if (auto attention = dyn_cast<lm::AttentionOp>(op))
      lookAttention(attention);
    else if (auto join = dyn_cast<lm::JoinHeadsOp>(op))
      lookJoin(join);
    else if (auto rope = dyn_cast<lm::RopeOp>(op))
      out.rope = describeRope(rope.getRope(), dimension(rope.getX(), 3));
    else if (auto norm = dyn_cast<lm::RmsNormOp>(op))
      lookNorm(norm);
    else if (auto linear = dyn_cast<lm::LinearOp>(op))
      lookLinear(linear);
    else if (auto gate = dyn_cast<lm::SwigluOp>(op))
      out.feedForward = dimension(gate.getGate(), 2);
    else
      lookMixer(op);
  }

  /// All heads, where an op reads some of them.
  static Value whole(Value heads) {
    auto take = heads.getDefiningOp<lm::TakeHeadsOp>();
    return take ? take.getX() : heads;
  }

  void setHeads(Value q, Value v) {
    out.heads = dimension(whole(q), 2);
    out.kvHeads = dimension(whole(v), 2);
    out.headSize = dimension(v, 3);
  }

  /// xlstm-linearize joins the kept heads behind the others.
  void lookJoin(lm::JoinHeadsOp op) {
    int64_t kept = dimension(op.getParts().back(), 2);
    llvm::append_range(out.keptHeads, op.getHeads().take_back(static_cast<size_t>(kept)));
  }

  void lookAttention(lm::AttentionOp op) {
    out.attends = true;
    setHeads(op.getQ(), op.getV());
    bool isKept = op.getQ().getDefiningOp<lm::TakeHeadsOp>() && !op.getSinks() && !op.getWindow();
    if (isKept) {
      out.keptKeyHeads = dimension(op.getK(), 2);
      return;
    }
    out.window = op.getWindow().value_or(0);
    out.sinks = op.getSinks().value_or(0);
  }

  void lookNorm(lm::RmsNormOp op) {
    std::optional<TensorRole> tensor = tensorOf(paramName(op.getWeight()), family);
    if (tensor && (tensor->role == Role::QueryNorm || tensor->role == Role::QueryHeadNorm))
      out.qkNorm = cast<RankedTensorType>(op.getX().getType()).getRank() == 4 ? "per head" : "full width";
  }

  void lookLinear(lm::LinearOp op) {
    std::optional<TensorRole> tensor = tensorOf(paramName(op.getWeight()), family);
    if (bool *hasBias = tensor && op.getBias() ? out.biases.find(tensor->role) : nullptr)
      *hasBias = true;
  }

  void lookMixer(Operation *op) {
    if (auto map = dyn_cast<xlstm::FeatureMapOp>(op))
      out.featureMap = stringifyFeatureKind(map.getKind()).str();
    if (auto mlstm = dyn_cast<xlstm::MlstmOp>(op))
      gated = bool(mlstm.getIGate());
    auto form = op->getAttrOfType<xlstm::FormAttr>("form");
    if (!form || !isa<lm::StatefulOpInterface>(op))
      return;
    setHeads(op->getOperand(0), op->getOperand(2)); // every memory takes q, k, v first
    out.form = stringifyForm(form.getValue()).str();
    out.chunk = op->getAttrOfType<IntegerAttr>("chunk").getInt();
  }

  const Family *family;
  LayerDescription out;
  bool gated = false;
};

} // namespace

static void countParameters(lm::ModelOp model, ModelDescription &out) {
  std::map<StringRef, lm::ParamOp> params;
  model.walk([&](lm::ParamOp param) { params.emplace(param.getName(), param); });
  for (auto &[name, param] : params) {
    int64_t elements = cast<RankedTensorType>(param.getType()).getNumElements();
    out.parameters += elements;
    if (param.getInit())
      out.newParameters += elements;
  }
}

static ModelDescription describe(lm::ModelOp model) {
  ModelDescription out;
  out.family = model.getFamily().value_or("").str();
  out.contextLength = model.getContextLength().value_or(0);
  countParameters(model, out);
  StringRef table, head;
  model.walk([&](lm::EmbedOp embed) {
    table = paramName(embed.getTable());
    out.vocab = dimension(embed.getTable(), 0);
    out.width = dimension(embed.getTable(), 1);
    out.embeddingParameters = out.vocab * out.width;
  });
  model.walk([&](Operation *op) {
    if (auto norm = dyn_cast<lm::RmsNormOp>(op))
      out.normEps = norm.getEps().convertToDouble();
    if (auto linear = dyn_cast<lm::LinearOp>(op); linear && !op->getParentOfType<lm::LayerOp>())
      head = paramName(linear.getWeight());
  });
  out.tied = !table.empty() && head == table;
  for (lm::LayerOp layer : model.getLayers())
    out.layers.push_back(LayerReader(findFamily(out.family)).read(layer));
  return out;
}

ModelDescription describeModel(std::string_view mlir, const std::string &origin) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<lm::LMDialect, xlstm::XLSTMDialect>();
  std::string first;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (first.empty())
      first = diagnostic.str();
    return success();
  });
  OwningOpRef<ModuleOp> module = lm::readModule(mlir, origin, context);
  if (!module)
    fail(origin, ": ", first.empty() ? "is not a module" : first);
  auto model = module->lookupSymbol<lm::ModelOp>("model");
  if (!model)
    fail(origin, ": expected a module with @model, found none");
  return describe(model);
}

} // namespace xlstm
