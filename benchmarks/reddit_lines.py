"""Lines of a Reddit dump of 2022 as templates: the keys of real lines, with placeholders for values that differ."""

AUTHOR = """
"author": "%(author)s", "author_created_utc": %(joined)d, "author_flair_background_color": null,
"author_flair_css_class": %(flair)s, "author_flair_richtext": [], "author_flair_template_id": null,
"author_flair_text": %(flair)s, "author_flair_text_color": null, "author_flair_type": "text",
"author_fullname": "t2_%(joined)x", "author_patreon_flair": false, "author_premium": false,
"""
COMMUNITY = r"""
"subreddit": "%(community)s", "subreddit_id": "t5_%(community)s", "subreddit_name_prefixed": "r\/%(community)s",
"subreddit_type": "public",
"""
SUBMISSION = rf"""
"all_awardings": [], "allow_live_comments": false, "archived": false,{AUTHOR}
"awarders": [], "banned_by": null, "can_gild": true, "can_mod_post": false, "category": null,
"content_categories": null, "contest_mode": false, "created_utc": %(time)d, "discussion_type": null,
"distinguished": %(distinguished)s, "domain": "%(domain)s", "edited": false, "gilded": 0, "gildings": {{}},
"hidden": false, "hide_score": false, "id": "%(id)s", "is_created_from_ads_ui": false, "is_crosspostable": false,
"is_meta": false, "is_original_content": false, "is_reddit_media_domain": false, "is_robot_indexable": true,
"is_self": %(is_self)s, "is_video": false, "link_flair_background_color": "", "link_flair_css_class": null,
"link_flair_richtext": [], "link_flair_text": null, "link_flair_text_color": "dark", "link_flair_type": "text",
"locked": false, "media": null, "media_embed": {{}}, "media_only": false, "name": "t3_%(id)s", "no_follow": true,
"num_comments": %(comments)d, "num_crossposts": 0, "over_18": %(adult)s, "parent_whitelist_status": "all_ads",
"permalink": "%(link)s", "pinned": false, "pwls": 6, "quarantine": false, "removed_by": null,
"removed_by_category": %(removed)s, "retrieved_on": %(seen)d, "score": %(votes)d, "secure_media": null,
"secure_media_embed": {{}}, "selftext": %(text)s, "send_replies": true, "spoiler": false, "stickied": false,{COMMUNITY}
"subreddit_subscribers": 4419505, "suggested_sort": null, "thumbnail": "self", "thumbnail_height": null,
"thumbnail_width": null, "title": %(title)s, "top_awarded_type": null, "total_awards_received": 0,
"treatment_tags": [], "upvote_ratio": 1.0, "url": "%(url)s", "view_count": null, "whitelist_status": "all_ads", "wls": 6
"""
"""A line of a dump of 2022, all 88 keys."""
COMMENT = rf"""
"all_awardings": [], "archived": false, "associated_award": null,{AUTHOR}
"awarders": [], "body": %(text)s, "can_gild": true, "can_mod_post": false, "collapsed": false,
"collapsed_because_crowd_control": null, "collapsed_reason": null, "collapsed_reason_code": null,
"comment_type": null, "controversiality": 0, "created_utc": %(time)d, "distinguished": %(distinguished)s,
"edited": false, "gilded": 0, "gildings": {{}}, "id": "%(id)s", "is_submitter": %(by_poster)s, "link_id": "%(thread)s",
"locked": false, "name": "t1_%(id)s", "no_follow": true, "parent_id": "%(parent)s", "permalink": "%(link)s",
"retrieved_on": %(seen)d, "score": %(votes)d, "score_hidden": false, "send_replies": true, "stickied": false,{COMMUNITY}
"top_awarded_type": null, "total_awards_received": 0, "treatment_tags": [], "unrepliable_reason": null
"""
"""A line of a dump of 2022, all 51 keys."""


def line_template(keys: str) -> str:
    """Return one compact line with placeholders for the values that differ."""
    return "{" + " ".join(keys.split()).replace('": ', '":').replace(', "', ',"') + "}\n"
