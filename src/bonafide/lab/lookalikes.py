"""What people call the kinds of honest trade that look like cash-out."""

from __future__ import annotations

from typing import Final

LOOKALIKES: Final[dict[str, tuple[str, str]]] = {
    "dormitory": ("students of one dormitory", "同宿舍学生"),
    "family_device": ("families on one device", "家庭共用设备"),
    "flash_sale": ("live flash sales", "直播秒杀"),
    "gift_cards": ("gift cards", "礼品卡"),
    "group_buy": ("group purchases", "拼团"),
    "payday_burst": ("payday shopping", "发薪日集中消费"),
    "purchase_at_limit": ("one thing for the whole line", "一笔用满额度的大件"),
    "refund_to_balance": ("refunds to a balance", "正常退款至余额"),
    "sale_day": ("the day of a great sale", "大促当天"),
    "shop_stock": ("stock for a small shop", "小店进货"),
    "top_up": ("top-ups and games", "充值与游戏"),
    "viral_new_shop": ("a new shop that is liked", "新店爆款"),
}
"""Kind, as truth.parquet names it -> English, Chinese."""
