"""Expressions that are wrong, each in a way of its own; what is said of them stands in golden/expression_errors.txt."""

from __future__ import annotations

from bonafide.engine.rules.language import EXPRESSION_LENGTH_MAX

WRONG = (
    "", "   ", "amout > 100", "userid == 'u1'", "user_payment_count_24 > 4", "amount", "goods", "5", "True", "None",
    "'virtual'", "amount > 100 and", "(amount > 100", "amount > 100)", "amount = 100", "goods = 'virtual'",
    "amount => 100", "amount > 100 && amount < 200", "amount > 100; amount < 5", "goods == virtual",
    "goods == 'virtul'", "goods == 'gift'", "goods == 5", "currency == 'RMB'", "type == 'paymnt'", "type == status",
    "status == type", "goods > 'a'", "goods < 5", "5 < goods", "user_id == 5", "user_id == goods", "user_id == True",
    "amount == 'much'", "amount == goods", "amount > True", "amount > None", "success == 1", "success == 'yes'",
    "success > 0", "amount + goods > 5", "sum(amount) > 5", "mim(amount, 5) > 5", "min(amount) > 5",
    "abs(amount, 5) > 5", "round_to(amount) > 5", "min(*amount) > 5", "min(amount, default=5) > 5", "amount ** 2 > 5",
    "amount % 2 == 0", "amount // 2 == 1", "+amount > 5", "not amount", "amount and goods", "amount in [1, 2]",
    "goods in ['virtual', 'gift']", "goods in 'virtual'", "goods in []", "merchant_id in watchd", "success in [True]",
    "'virtual' in goods", "goods is None", "goods is 'virtual'", "amount > 5 is missing", "5 is missing",
    "unknown_thing is missing", "documents is missing", "documents == 'x'", "amount > 1e18", "amount > 1e999",
    "amount > 9999999999999999999999", "amount > 1j", "amount > ...", "amount if goods == 'virtual' else 5",
    "lambda: amount", "[a for a in amount]", "(yield)", "amount := 5", "f'{amount}' == 'x'", "amount.real > 5",
    "().__class__.__bases__[0].__subclasses__() == 5", "__import__('os').system('true')", "amount[0] > 5",
    "user_id == 'a\\x00b'", "user_id == '\\ud800'", "goods == 'virtual", "a" * 3_000 + " > 5",
    "goods == '" + "x" * 3_000 + "'", "amount > '" + "x" * 3_000 + "'", "x" * (EXPRESSION_LENGTH_MAX + 1),
    "(" * 10_000 + "amount" + ")" * 10_000, "(" * 1_900 + "amount > 5" + ")" * 1_900, "not " * 900 + "amount > 5",
    "-" * 900 + "amount > 5", "amount" + " + 1" * 900 + " > 5", "min(" * 60 + "amount" + ", 1)" * 60 + " > 5",
    " or ".join(["amount > 5"] * 200), "商户 == 'm1' and amout > 5", "merchant_id == '商户' and amout > 5",
    "   amout > 5", "amount > 5\n  and amout > 5", "\ufeffamount > 5", "#",
    # Brackets, quotes, operators that are missing or in excess.
    "(amount > 5 and goods == 'virtual'", "min(amount, 5 > 3", "(amout > 5 and amount > 3", "goods in ['virtual'",
    "goods in ['virtual' 'service']", "goods in ['virtual',, 'service']", "amount >", "> 5", "and amount > 5",
    "amount > 5 and and goods == 'virtual'", "amount > > 5", "amount > = 5", "amount 5", "amount missing",
    "user_id not missing", "amount > 5 goods == 'virtual'", "()", "min()", "goods == 'virtual and channel == 'app'",
    "user_id == 'it's'", "goods == \"virtual'", "amount > 5]", "payment count > 5",
    # Words and signs of other languages.
    "amount <> 5", "amount =< 5", "amount === 5", "amount > 5 || amount < 3", "amount > 5 AND goods == 'virtual'",
    "!success", "success == true", "amount IS NULL", "amount == None", "amount != missing", "null == amount",
    "merchant_id contains 'x'", "merchant_id LIKE 'x%'", "amount between 5 and 10", "if amount > 5 then 1",
    "payment.amount > 5", "missing(amount)", "isnull(amount)", "count(amount) > 5", "amount > 5 ? 1 : 0",
    "goods is not 'virtual'", "amount > 5, goods == 'virtual'", "x = 5 && amout > 3 || goods = 'virtul'",
    # Numbers as people write them.
    "amount > 10,000", "min(amount, 10,000) > 5", "amount > 24h", "amount > 30d", "amount > 70%",
    "amount > 5 % and 1 < 2", "amount > 5k", "amount > 3万", "amount > 100元", "amount > ¥100", "amount > '100'",
    "amount > 0x10", "amount > 1_x",
    # Full-width signs and letters.
    "amount （ 5", "goods == ‘virtual’", "goods == “virtual”", "amount ＞ 5", "amount ≥ 5", "amount > １００",
    "ａｍｏｕｎｔ > 5", "amount > 5　and　ａｍｏｕｎｔ > 5", "amoünt > 5", "amount > 5 … 3",
    # Or with a bare value; lists.
    "goods == 'virtual' or 'service'", "user_payment_count_24h == 1 or 2", "goods == ('virtual' or 'service')",
    "goods == ['virtual', 'service']", "goods in resold", "user_id in status", "watched", "watched == 'm1'",
    "goods not in virtual", "amount > min", "user_last_device == 5", "amount > 5 # and goods == 'virtual'",
    # What Python knows and this language does not.
    "await amount", "*amount > 5", "{1: 2}", "{'a'} == goods", "b'x' == goods", "rb'x' == goods", "amount @ 5 > 1",
    "amount ^ 5 > 1", "~amount > 5", "amount -> 5", "not", "-", "amount is", "import os", "amount > 5 if success",
    "amount\x00 > 5", "amount\u200b > 5", "\ud800 > 5", "amount > " + "9" * 3_000, "amount > 5 \\",
    "goods == '''virtual'''", "(amount := 5) > 3", "[x for x in watched]", "amount > 5 and (yield)",
)  # fmt: skip
