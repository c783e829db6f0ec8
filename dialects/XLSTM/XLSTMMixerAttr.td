//===- XLSTMMixerAttr.td - which mixer a student has, said once -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_MIXER_ATTR_TD
#define XLSTM_MIXER_ATTR_TD

include "dialects/XLSTM/XLSTMDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributes.td"

// A kind of mixer. Its parts stand in lib/Transforms/MixerBuilder.cpp.
class XLSTM_MixerCase<string symbol, int value, string text, string meaning> : I32EnumAttrCase<symbol, value, text> {
  string help = meaning;
}

defvar XLSTM_MixerCases = [
  XLSTM_MixerCase<"Hybrid", 0, "hybrid", "mLSTM and window branch, mixed by the output gate">,
  XLSTM_MixerCase<"Mlstm", 1, "mlstm", "mLSTM alone">,
  XLSTM_MixerCase<"Window", 2, "window", "Window and sinks alone, no new parameters">,
  XLSTM_MixerCase<"LinearAttention", 3, "linear-attention", "mLSTM without gates">,
  XLSTM_MixerCase<"GatedDelta", 4, "gated_delta", "Gated delta rule and window branch, mixed by the output gate">,
  XLSTM_MixerCase<"GatedDeltaAlone", 5, "gated_delta_alone", "Gated delta rule alone">
];

def XLSTM_MixerKind : I32EnumAttr<"MixerKind", "kind of a mixer",
                                  !foreach(c, XLSTM_MixerCases, !cast<I32EnumAttrCase>(c))> {
  let cppNamespace = "::xlstm::xlstm";
}

// A value that an option can have: its C++ case, its spelling, what it means.
class XLSTM_Choice<string symbol, string spelling, string meaning> {
  string cpp = "::xlstm::xlstm::" # symbol;
  string text = spelling;
  string help = meaning;
}

// One option of a mixer. It is a parameter of #xlstm.mixer and, with '-' for '_', an option of the passes that build
// mixers (include/xlstm/Transforms/MixerOptions.td), of the command line and of recipes. `fromPass` makes the parameter
// of the pass's member.
class XLSTM_MixerOption<string name, string type, string meaning> : AttrParameter<type, meaning> {
  string var = name;
  string flag = !subst("_", "-", name);
  string passType = type;
  string passDefault = "";
  string fromPass = "this->" # name # ".getValue()";
  string kind = "Count";
  string help = meaning;
  list<XLSTM_Choice> choices = [];
}

class XLSTM_CountOption<string name, string default, string meaning> : XLSTM_MixerOption<name, "int64_t", meaning> {
  let defaultValue = default;
  let passDefault = default;
}

class XLSTM_NumberOption<string name, string default, string meaning>
  : XLSTM_MixerOption<name, "::mlir::FloatAttr", meaning> {
  let defaultValue = "::mlir::Builder($_ctxt).getF64FloatAttr(" # default # ")";
  let parser = "parseNumber($_parser)";
  let printer = "printNumber($_printer, $_self)";
  let passType = "double";
  let passDefault = default;
  let fromPass = "builder.getF64FloatAttr(this->" # name # ".getValue())";
  let kind = "Number";
}

// The first choice is the default.
class XLSTM_ChoiceOption<string name, I32EnumAttr enumeration, string meaning, list<XLSTM_Choice> values>
  : XLSTM_MixerOption<name, enumeration.cppNamespace # "::" # enumeration.className, meaning> {
  let printer = "printChoice($_printer, stringifyEnum($_self))";
  let defaultValue = values[0].cpp;
  let passDefault = values[0].cpp;
  let kind = "Choice";
  let choices = values;
}

defvar XLSTM_MixerOptions = [
  XLSTM_ChoiceOption<"mixer", XLSTM_MixerKind, "What replaces attention",
                     !foreach(c, XLSTM_MixerCases, XLSTM_Choice<"MixerKind::" # c.symbol, c.str, c.help>)>,
  XLSTM_CountOption<"window", "512", "Window branch: latest keys that are visible, the token's own included">,
  XLSTM_CountOption<"sinks", "4", "Window branch: a document's first keys that stay visible">,
  XLSTM_ChoiceOption<"feature_map", XLSTM_FeatureKind, "Feature map of queries and keys", [
    XLSTM_Choice<"FeatureKind::Softmax", "softmax", "Softmax over the features">,
    XLSTM_Choice<"FeatureKind::Elu", "elu", "1 + elu">]>,
  XLSTM_NumberOption<"input_gate_bias", "0", "Initial bias of the input gates">,
  XLSTM_NumberOption<"forget_gate_bias", "4", "Initial bias of the forget gates">,
  XLSTM_NumberOption<"output_gate_bias", "-2", "Initial bias of the output gates">,
  XLSTM_ChoiceOption<"form", XLSTM_Form, "How the memory is evaluated", [
    XLSTM_Choice<"Form::Chunkwise", "chunkwise", "Chunks of tokens, for training and prefill">,
    XLSTM_Choice<"Form::Parallel", "parallel", "All pairs of tokens, a reference">,
    XLSTM_Choice<"Form::Recurrent", "recurrent", "Token by token, for decode">]>,
  XLSTM_CountOption<"chunk", "64", "Tokens a chunk of the chunkwise form">
];

// #mixer C4 is verified by XLSTMDialect::verifyOperationAttribute.
def XLSTM_MixerAttr : AttrDef<XLSTM_Dialect, "Mixer"> {
  let mnemonic = "mixer";
  let summary = "which mixer a layer has, and how it started";
  let description = [{
    What `xlstm-linearize` made of the layer's attention. It leaves it on the `lm.layer` as `xlstm.mixer`, for who looks
    at a student; what is computed stands in the ops. Options that have their default are left out.

    ```mlir
    %y = lm.layer 0 (%h = %x) : (...) -> ... attributes {xlstm.mixer = #xlstm.mixer<window = 64, forget_gate_bias = 3.0>} {
    ```
  }];
  let parameters = !dag(ins, XLSTM_MixerOptions, !foreach(o, XLSTM_MixerOptions, o.var));
  let assemblyFormat = "(`<` struct(params)^ `>`)?";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Base of a pass that has these options; gives the attribute that they say, null behind an error.
    template <typename PassBase>
    class FromOptions : public PassBase {
    public:
      using PassBase::PassBase;

    protected:
      MixerAttr getMixer(::llvm::function_ref<::mlir::InFlightDiagnostic()> emitError) {
        ::mlir::Builder builder(&this->getContext());
        return MixerAttr::getChecked(emitError, builder.getContext(), }]
      # !interleave(!foreach(o, XLSTM_MixerOptions, o.fromPass), ", ") # [{);
      }
      /// Copies them to the options of another such pass.
      template <typename Options>
      void copyMixer(Options &options) {
        }] # !interleave(!foreach(o, XLSTM_MixerOptions, "options." # o.var # " = this->" # o.var # ";"), "\n        ") # [{
      }
    };

    /// Calls `add` with each option's name, kind, default, meaning and, for a choice, the values divided by '|'.
    template <typename Add>
    static void forEachOption(Add add) {
      }] # !interleave(!foreach(o, XLSTM_MixerOptions, "add(\"" # o.var # "\", \"" # o.kind # "\", \"" #
        !if(!empty(o.choices), o.passDefault, o.choices[0].text) # "\", \"" # o.help # "\", \"" #
        !interleave(!foreach(c, o.choices, c.text), "|") # "\");"), "\n      ") # [{
    }
  }];
}

#endif // XLSTM_MIXER_ATTR_TD
