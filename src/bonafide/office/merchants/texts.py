"""What the applicant is told of each finding, and may hand in: in zh and en, without thresholds and without anything
about anybody else."""

from __future__ import annotations

from typing import Final, NamedTuple


class Text(NamedTuple):
    """A finding in words; what to submit is empty where nothing has to be."""

    zh: str
    en: str
    submit_zh: str = ""
    submit_en: str = ""


_LICENCE: Final = ("营业执照或登记证明的清晰影像", "a clear copy of the business licence or register extract")
TEXTS: Final[dict[str, Text]] = {
    "registration_typo": Text(
        "登记号码疑似输入有误",
        "The registration number looks like a typing mistake",
        "核对后的登记号码及营业执照影像",
        "the number as it stands on the licence, and a copy of the licence",
    ),
    "registration_malformed": Text("登记号码格式不正确", "The registration number has no known form", *_LICENCE),
    "registration_unknown": Text(
        "登记号码的格式无法自动核验", "The form of the registration number cannot be checked by itself", *_LICENCE
    ),
    "registration_unchecked": Text(
        "登记号码没有可公开核验的校验位", "The registration number has no public check digit"
    ),
    "name_mixed_scripts": Text(
        "名称中混用了外形相近的不同文字", "The name mixes letters of different scripts that look alike", *_LICENCE
    ),
    "name_hidden_signs": Text(
        "名称中没有可见文字，或含有不可见字符", "The name shows no letter, or has signs that cannot be seen", *_LICENCE
    ),
    "opened_in_future": Text("开业日期晚于申请日期", "The date of opening is still to come", *_LICENCE),
    "opened_impossible": Text("开业日期不合理", "The date of opening is not possible", *_LICENCE),
    "business_young": Text(
        "企业成立时间较短",
        "The business is young",
        "如有更早的经营记录，可提交",
        "records of earlier trade, if there are any",
    ),
    "age_unknown": Text("未提供开业日期", "No date of opening was given"),
    "account_of_other": Text(
        "结算账户不在申请人或其代表人名下",
        "The payout account is neither the applicant's nor the representative's",
        "本企业或代表人名下账户的证明",
        "proof of an account of the business or its representative",
    ),
    "account_unproven": Text("结算账户的所有人尚未核实", "Whose the payout account is has not been confirmed yet"),
    "relative_of_closed": Text(
        "申请资料与曾被限制的商户存在重要关联，由人工核查",
        "The application has much in common with a merchant under restriction; people look at it",
        "关系说明及证明",
        "how the businesses are related, with proof",
    ),
    "near_closed": Text(
        "申请资料与曾被限制的商户有相同之处",
        "The application has something in common with a merchant under restriction",
        "关系说明",
        "how the businesses are related, if they are",
    ),
    "borrowed_registration": Text(
        "登记号码与名称不一致，由人工核查",
        "The registration number does not go with the name; people look at it",
        *_LICENCE,
    ),
    "duplicate_application": Text(
        "该企业可能已提交过申请",
        "This business may have applied before",
        "再次申请的原因",
        "why the business applies again",
    ),
    "representative_of_many": Text(
        "代表人名下商户较多",
        "The representative stands for many merchants",
        "代表人的授权或任职证明",
        "proof that the representative may act for this business",
    ),
    "representative_shared": Text("代表人名下另有商户", "The representative stands for other merchants too"),
    "account_shared": Text(
        "结算账户同时用于其他商户",
        "The payout account is used for other merchants too",
        "账户归属证明",
        "proof of whose the account is",
    ),
    "contact_shared": Text(
        "联系方式或设备与其他商户相同",
        "Telephone or device are those of other merchants too",
        "本企业自己的联系方式",
        "contact details of the business's own",
    ),
    "document_shared": Text(
        "所交文件已用于其他申请",
        "A paper was handed in with another application too",
        "本企业的文件原件影像",
        "a copy of the business's own paper",
    ),
    "name_homoglyph": Text(
        "名称与其他商户外形相近而字符不同",
        "The name looks like another merchant's and is written with other letters",
        *_LICENCE,
    ),
    "name_alike": Text("名称与其他商户相近", "The name is like another merchant's"),
    "screening_identifier": Text(
        "资料需由人工进一步核查",
        "The details have to be looked at by people",
        "身份及登记证明",
        "proof of identity and registration",
    ),
    "screening_name": Text(
        "名称需由人工进一步核查",
        "The name has to be looked at by a person",
        "身份及登记证明",
        "proof of identity and registration",
    ),
    "documents_missing": Text("资料不齐", "Papers are missing", "所列文件", "the papers that are listed"),
    "licence_category": Text(
        "许可证与经营类目不符",
        "The licence is not for what is to be sold",
        "与类目相符的许可证",
        "the licence for this category",
    ),
    "review_failed": Text(
        "资料无法自动核查，由人工核查", "This could not be checked by itself; people look at it", *_LICENCE
    ),
    "refusal_open": Text(
        "此前的申请正由人工核查，新提交的资料一并核查",
        "People are looking at an earlier application; they look at this one with it",
    ),
    "refusal_lapsed": Text(
        "此前的申请仍待人工决定",
        "An earlier application is still waiting for people to decide",
        "对此前所提事项的说明及证明",
        "what explains the earlier application, with proof",
    ),
    "question_open": Text(
        "此前提出的问题尚待答复，收到的资料由人工核查",
        "Something was asked before; people look at what was handed in since",
        "对所提问题的答复",
        "an answer to what was asked",
    ),
    "ramp_unfinished": Text("新商户的限制期尚未结束", "The limits of a new merchant have not run out yet"),
    "owner_changed": Text(
        "登记主体或代表人有变更",
        "The business or its representative has changed",
        "变更登记证明",
        "the register's note of the change",
    ),
    "account_changed": Text(
        "结算账户有变更", "The payout account has changed", "新账户的归属证明", "proof of whose the new account is"
    ),
    "category_changed": Text("经营类目有变更", "The category has changed"),
    "ticket_drift": Text(
        "订单金额与以往明显不同",
        "The amounts of orders are unlike those before",
        "订单及货源说明",
        "what is sold now, with orders and supply",
    ),
    "hours_drift": Text("交易时段与以往明显不同", "The hours of trade are unlike those before"),
    "category_undeclared": Text(
        "所售商品与申报的经营类目不符",
        "Most of what is sold is not of the category that was declared",
        "所售商品的许可及货源证明",
        "licences and supply of what is sold",
    ),
    "category_drift": Text(
        "所售商品类别与以往明显不同",
        "What is sold is unlike before",
        "所售商品的许可及货源证明",
        "licences and supply of what is sold",
    ),
}
