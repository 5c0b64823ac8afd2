-- ACCOUNT_DAYS
SELECT day, admitted, not_admitted, not_permitted FROM account_days WHERE organization_id = $1 AND principal_id = $2 AND day >= $3;
-- ACCOUNT_KNOWN_SINCE
SELECT CASE WHEN p.created_at > c.begun_at THEN p.created_at ELSE c.begun_at END AS since FROM counting c JOIN principals p ON p.organization_id = $1 AND p.id = $2 AND p.deleted_at IS NULL;
-- ADD_REFUSED
INSERT INTO refused_hours (principal_id, organization_id, reason, hour, requests, address) SELECT CAST($1 AS BIGINT), o.id, CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS BIGINT), CAST($6 AS TEXT) FROM organizations o WHERE o.id = $2 AND ($1 = 0 OR EXISTS ( SELECT 1 FROM principals p WHERE p.id = $1 AND p.deleted_at IS NULL)) ON CONFLICT (principal_id, organization_id, reason, hour) DO UPDATE SET requests = refused_hours.requests + excluded.requests, address = CASE WHEN refused_hours.address = excluded.address THEN refused_hours.address ELSE '' END;
-- ADD_TO_ACCOUNT
INSERT INTO account_days (principal_id, day, organization_id, admitted, not_admitted, not_permitted) SELECT p.id, CAST($2 AS BIGINT), p.organization_id, CAST($3 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS BIGINT) FROM principals p WHERE p.id = $1 AND p.kind = 2 AND p.deleted_at IS NULL ON CONFLICT (principal_id, day) DO UPDATE SET admitted = account_days.admitted + excluded.admitted, not_admitted = account_days.not_admitted + excluded.not_admitted, not_permitted = account_days.not_permitted + excluded.not_permitted;
-- ADD_TO_ORGANIZATION
INSERT INTO organization_days (organization_id, day, admitted, not_admitted, not_permitted) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (organization_id, day) DO UPDATE SET admitted = organization_days.admitted + excluded.admitted, not_admitted = organization_days.not_admitted + excluded.not_admitted, not_permitted = organization_days.not_permitted + excluded.not_permitted;
-- BACK
SELECT id, made_at, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name, organization_id, project_id, request_id, address, facts_before, facts_after FROM audit_events WHERE organization_id = $1 AND (made_at, id) > ($2, $3) AND made_at < $4 AND ($5 = 0 OR project_id = $5) AND ($6 = 0 OR actor_id = $6) AND ($7 = '' OR action = $7) AND ($8 = '' OR substr(action, 1, length($8)) = $8) AND ($9 = '' OR (target_kind = $9 AND target_id = $10)) AND ($11 = '' OR $11 LIKE '%,' || CAST(actor_id AS TEXT) || ',%') AND ($12 = '' OR $12 LIKE '%,' || target_kind || ':' || CAST(target_id AS TEXT) || ',%') ORDER BY made_at, id LIMIT $13;
-- BACK_BY_ACTION
SELECT id, made_at, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name, organization_id, project_id, request_id, address, facts_before, facts_after FROM audit_events WHERE (organization_id, action, made_at, id) > ($1, $7, $2, $3) AND (organization_id, action, made_at) < ($1, $7, $4) AND ($5 = 0 OR project_id = $5) AND ($6 = 0 OR actor_id = $6) AND ($7 = '' OR action = $7) AND ($8 = '' OR substr(action, 1, length($8)) = $8) AND ($9 = '' OR (target_kind = $9 AND target_id = $10)) AND ($11 = '' OR $11 LIKE '%,' || CAST(actor_id AS TEXT) || ',%') AND ($12 = '' OR $12 LIKE '%,' || target_kind || ':' || CAST(target_id AS TEXT) || ',%') ORDER BY organization_id, action, made_at, id LIMIT $13;
-- BACK_BY_ACTOR
SELECT id, made_at, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name, organization_id, project_id, request_id, address, facts_before, facts_after FROM audit_events WHERE NOT (organization_id <> $1) AND actor_id = $6 AND (made_at, id) > ($2, $3) AND made_at < $4 AND ($5 = 0 OR project_id = $5) AND ($6 = 0 OR actor_id = $6) AND ($7 = '' OR action = $7) AND ($8 = '' OR substr(action, 1, length($8)) = $8) AND ($9 = '' OR (target_kind = $9 AND target_id = $10)) AND ($11 = '' OR $11 LIKE '%,' || CAST(actor_id AS TEXT) || ',%') AND ($12 = '' OR $12 LIKE '%,' || target_kind || ':' || CAST(target_id AS TEXT) || ',%') ORDER BY made_at, id LIMIT $13;
-- BACK_BY_PROJECT
SELECT id, made_at, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name, organization_id, project_id, request_id, address, facts_before, facts_after FROM audit_events WHERE NOT (organization_id <> $1) AND project_id = $5 AND (made_at, id) > ($2, $3) AND made_at < $4 AND ($5 = 0 OR project_id = $5) AND ($6 = 0 OR actor_id = $6) AND ($7 = '' OR action = $7) AND ($8 = '' OR substr(action, 1, length($8)) = $8) AND ($9 = '' OR (target_kind = $9 AND target_id = $10)) AND ($11 = '' OR $11 LIKE '%,' || CAST(actor_id AS TEXT) || ',%') AND ($12 = '' OR $12 LIKE '%,' || target_kind || ':' || CAST(target_id AS TEXT) || ',%') ORDER BY made_at, id LIMIT $13;
-- BACK_BY_TARGET
SELECT id, made_at, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name, organization_id, project_id, request_id, address, facts_before, facts_after FROM audit_events WHERE NOT (organization_id <> $1) AND target_kind = $9 AND target_id = $10 AND (made_at, id) > ($2, $3) AND made_at < $4 AND ($5 = 0 OR project_id = $5) AND ($6 = 0 OR actor_id = $6) AND ($7 = '' OR action = $7) AND ($8 = '' OR substr(action, 1, length($8)) = $8) AND ($9 = '' OR (target_kind = $9 AND target_id = $10)) AND ($11 = '' OR $11 LIKE '%,' || CAST(actor_id AS TEXT) || ',%') AND ($12 = '' OR $12 LIKE '%,' || target_kind || ':' || CAST(target_id AS TEXT) || ',%') ORDER BY made_at, id LIMIT $13;
-- BEGIN_COUNTING
INSERT INTO counting (id, begun_at) VALUES (1, $1) ON CONFLICT (id) DO NOTHING;
-- BEGIN_MUTATIONS
UPDATE head SET chain_digest = $1 WHERE id = 1;
-- BEGIN_OBSERVATIONS
UPDATE observation_head SET chain_digest = $1 WHERE id = 1;
-- CHOOSE_SUFFIX
UPDATE head SET username_suffix = $1 WHERE id = 1;
-- CLEAR_ACCOUNT_ADDRESSES
DELETE FROM account_addresses WHERE principal_id = $1;
-- CLOSE
UPDATE head SET epoch = epoch + 1, epoch_mark = $1, closed = 1 WHERE id = 1;
-- COUNT_EVENTS
SELECT COUNT(*) FROM audit_events WHERE id > $1 AND id <= $2;
-- COUNT_PRINCIPALS
SELECT COUNT(*) FROM principals;
-- DELETE
DELETE FROM custom_roles WHERE id = $1;
-- DELETE
DELETE FROM invitations WHERE id = $1;
-- DELETE
DELETE FROM password_resets WHERE person_id = $1;
-- DELETE
DELETE FROM second_factors WHERE person_id = $1;
-- DELETE
DELETE FROM sessions WHERE id = $1;
-- DELETE
DELETE FROM set_up_links WHERE organization_id = $1;
-- DELETE
DELETE FROM teams WHERE id = $1;
-- DELETE_ANCHOR
DELETE FROM audit_anchors WHERE series = $1;
-- DELETE_CODE
DELETE FROM recovery_codes WHERE person_id = $1 AND digest = $2;
-- DELETE_CODES
DELETE FROM recovery_codes WHERE person_id = $1;
-- DELETE_DEAD
DELETE FROM nodes WHERE incarnation = $1 AND reports = $2;
-- DELETE_DETAILS
DELETE FROM account_details WHERE principal_id = $1;
-- DELETE_GRANT
DELETE FROM grants WHERE id IN ($1);
-- DELETE_GRANTS
DELETE FROM grants WHERE id IN ($1, $2, $3, $4);
-- DELETE_GRANTS
DELETE FROM grants WHERE id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16);
-- DELETE_GRANTS
DELETE FROM grants WHERE id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53, $54, $55, $56, $57, $58, $59, $60, $61, $62, $63, $64);
-- DELETE_GRANTS
DELETE FROM grants WHERE team_id = $1;
-- DELETE_LABELS
DELETE FROM account_labels WHERE principal_id = $1;
-- DELETE_MEMBER
DELETE FROM team_members WHERE team_id = $1 AND principal_id = $2;
-- DELETE_MEMBERS
DELETE FROM team_members WHERE team_id = $1;
-- DELETE_PRINCIPAL_GRANTS
DELETE FROM grants WHERE principal_id = $1;
-- DELETE_PRINCIPAL_SECRETS
DELETE FROM secrets WHERE principal_id = $1;
-- DELETE_PROJECT
DELETE FROM projects WHERE id = $1;
-- DELETE_PROJECT_GRANTS
DELETE FROM grants WHERE project_id = $1;
-- DELETE_PROJECT_ROLES
DELETE FROM custom_roles WHERE project_id = $1;
-- DELETE_PROJECT_WORKSPACES
DELETE FROM workspaces WHERE project_id = $1;
-- DELETE_SECRET
DELETE FROM secrets WHERE id = $1;
-- DELETE_WORKSPACE
DELETE FROM workspaces WHERE id = $1;
-- DELETE_WORKSPACE_GRANTS
DELETE FROM grants WHERE workspace_id = $1;
-- DISABLE_ACCOUNT
UPDATE principals SET is_disabled = $2 WHERE id = $1;
-- DISABLE_SECRET
UPDATE secrets SET is_disabled = $2 WHERE id = $1;
-- FIND
SELECT phc FROM passwords WHERE principal_id = $1;
-- FIND_CHANGE
SELECT mark FROM changes WHERE revision = $1;
-- FIND_IN_ORGANIZATION
SELECT p.id, p.username, p.created_at, p.creator_id, p.is_disabled, p.is_protected, COALESCE(c.username, c.display_name) AS creator_name, COALESCE(c.username, c.email) AS creator_email, (SELECT MAX(s.last_used_at) FROM secrets s WHERE s.principal_id = p.id) AS last_used_at, (SELECT CASE WHEN COUNT(*) = COUNT(s.expires_at) THEN MAX(s.expires_at) ELSE NULL END FROM secrets s WHERE s.principal_id = p.id) AS expires_at FROM principals p LEFT JOIN principals c ON c.id = p.creator_id WHERE p.kind = 2 AND p.deleted_at IS NULL AND p.organization_id = $1 AND p.id = $2;
-- FIND_KEY
SELECT made_id FROM idempotency_keys WHERE caller_id = $1 AND key_digest = $2 AND made_at > $3;
-- FIND_POSITION
SELECT mark FROM changes WHERE revision = $1;
-- FIRST_EVENT
SELECT MIN(id) FROM audit_events WHERE id > $1 AND id <= $2;
-- FIRST_IN_RANGE
SELECT MIN(id) FROM audit_events WHERE id > $1 AND id <= $2;
-- FORGET_ACCOUNT_DAYS
DELETE FROM account_days WHERE day < $1 AND principal_id IN ( SELECT d.principal_id FROM account_days d WHERE d.day < $1 ORDER BY d.day LIMIT $2);
-- FORGET_ACCOUNT_DAYS
DELETE FROM account_days WHERE principal_id = $1;
-- FORGET_ADDRESSES
DELETE FROM account_addresses WHERE principal_id = $1;
-- FORGET_KEYS
DELETE FROM idempotency_keys WHERE made_at < $1;
-- FORGET_NODES
DELETE FROM nodes;
-- FORGET_OLD_KEY
DELETE FROM idempotency_keys WHERE caller_id = $1 AND key_digest = $2 AND made_at <= $3;
-- FORGET_ORGANIZATION_DAYS
DELETE FROM organization_days WHERE day < $1;
-- FORGET_REFUSED
DELETE FROM refused_hours WHERE hour < $1 AND principal_id IN ( SELECT r.principal_id FROM refused_hours r WHERE r.hour < $1 ORDER BY r.hour LIMIT $2);
-- FORGET_REFUSED
DELETE FROM refused_hours WHERE principal_id = $1;
-- INSERT
INSERT INTO custom_roles (id, name, description, permissions, copied_from, modified_at, project_id, created_at, creator_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $6, $8);
-- INSERT
INSERT INTO invitations (id, organization_id, email, digest_kind, digest, created_at, expires_at, role, granted, inviter_id) VALUES ($1, $2, $3, 'sha256', $4, $5, $6, $7, $8, $9);
-- INSERT
INSERT INTO second_factors (person_id, sealed, last_step, enabled_at) VALUES ($1, $2, $3, $4);
-- INSERT
INSERT INTO sessions (id, person_id, digest_kind, digest, begun_at, ends_at, address, browser) VALUES ($1, $2, 'sha256', $3, $4, $5, $6, $7);
-- INSERT
INSERT INTO teams (id, organization_id, name, created_at, creator_id) VALUES ($1, $2, $3, $4, $5);
-- INSERT_ANCHOR
INSERT INTO audit_anchors (series, begun_after, removed_to, digest, key_id, mac) VALUES ($1, $2, $3, $4, $5, $6);
-- INSERT_CHANGE
INSERT INTO changes (revision, mark, request_id, made_at, body) VALUES ($1, $2, $3, $4, $5);
-- INSERT_CHANGES
INSERT INTO changes (revision, mark, request_id, made_at, body) VALUES ($1, $2, $3, $4, $5), ($6, $7, $8, $9, $10), ($11, $12, $13, $14, $15), ($16, $17, $18, $19, $20), ($21, $22, $23, $24, $25), ($26, $27, $28, $29, $30), ($31, $32, $33, $34, $35), ($36, $37, $38, $39, $40), ($41, $42, $43, $44, $45), ($46, $47, $48, $49, $50), ($51, $52, $53, $54, $55), ($56, $57, $58, $59, $60), ($61, $62, $63, $64, $65), ($66, $67, $68, $69, $70), ($71, $72, $73, $74, $75), ($76, $77, $78, $79, $80), ($81, $82, $83, $84, $85), ($86, $87, $88, $89, $90), ($91, $92, $93, $94, $95), ($96, $97, $98, $99, $100), ($101, $102, $103, $104, $105), ($106, $107, $108, $109, $110), ($111, $112, $113, $114, $115), ($116, $117, $118, $119, $120), ($121, $122, $123, $124, $125), ($126, $127, $128, $129, $130), ($131, $132, $133, $134, $135), ($136, $137, $138, $139, $140), ($141, $142, $143, $144, $145), ($146, $147, $148, $149, $150), ($151, $152, $153, $154, $155), ($156, $157, $158, $159, $160), ($161, $162, $163, $164, $165), ($166, $167, $168, $169, $170), ($171, $172, $173, $174, $175), ($176, $177, $178, $179, $180), ($181, $182, $183, $184, $185), ($186, $187, $188, $189, $190), ($191, $192, $193, $194, $195), ($196, $197, $198, $199, $200), ($201, $202, $203, $204, $205), ($206, $207, $208, $209, $210), ($211, $212, $213, $214, $215), ($216, $217, $218, $219, $220), ($221, $222, $223, $224, $225), ($226, $227, $228, $229, $230), ($231, $232, $233, $234, $235), ($236, $237, $238, $239, $240), ($241, $242, $243, $244, $245), ($246, $247, $248, $249, $250), ($251, $252, $253, $254, $255), ($256, $257, $258, $259, $260), ($261, $262, $263, $264, $265), ($266, $267, $268, $269, $270), ($271, $272, $273, $274, $275), ($276, $277, $278, $279, $280), ($281, $282, $283, $284, $285), ($286, $287, $288, $289, $290), ($291, $292, $293, $294, $295), ($296, $297, $298, $299, $300), ($301, $302, $303, $304, $305), ($306, $307, $308, $309, $310), ($311, $312, $313, $314, $315), ($316, $317, $318, $319, $320);
-- INSERT_CHANGES
INSERT INTO changes (revision, mark, request_id, made_at, body) VALUES ($1, $2, $3, $4, $5), ($6, $7, $8, $9, $10), ($11, $12, $13, $14, $15), ($16, $17, $18, $19, $20), ($21, $22, $23, $24, $25), ($26, $27, $28, $29, $30), ($31, $32, $33, $34, $35), ($36, $37, $38, $39, $40), ($41, $42, $43, $44, $45), ($46, $47, $48, $49, $50), ($51, $52, $53, $54, $55), ($56, $57, $58, $59, $60), ($61, $62, $63, $64, $65), ($66, $67, $68, $69, $70), ($71, $72, $73, $74, $75), ($76, $77, $78, $79, $80);
-- INSERT_CHANGES
INSERT INTO changes (revision, mark, request_id, made_at, body) VALUES ($1, $2, $3, $4, $5), ($6, $7, $8, $9, $10), ($11, $12, $13, $14, $15), ($16, $17, $18, $19, $20);
-- INSERT_CODE
INSERT INTO recovery_codes (person_id, digest_kind, digest) VALUES ($1, 'sha256', $2);
-- INSERT_DETAILS
INSERT INTO account_details (principal_id, owner_kind, owner_id, description) VALUES ($1, $2, $3, $4);
-- INSERT_EVENT
INSERT INTO audit_events (id, revision, made_at, actor_kind, actor_id, actor_name, basis, basis_grant_id, permission, action, target_kind, target_id, target_name, organization_id, project_id, request_id, address, facts_before, facts_after, chain_key, chain_digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21);
-- INSERT_EVENTS
INSERT INTO audit_events (id, revision, made_at, actor_kind, actor_id, actor_name, basis, basis_grant_id, permission, action, target_kind, target_id, target_name, organization_id, project_id, request_id, address, facts_before, facts_after, chain_key, chain_digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21), ($22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42), ($43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53, $54, $55, $56, $57, $58, $59, $60, $61, $62, $63), ($64, $65, $66, $67, $68, $69, $70, $71, $72, $73, $74, $75, $76, $77, $78, $79, $80, $81, $82, $83, $84), ($85, $86, $87, $88, $89, $90, $91, $92, $93, $94, $95, $96, $97, $98, $99, $100, $101, $102, $103, $104, $105), ($106, $107, $108, $109, $110, $111, $112, $113, $114, $115, $116, $117, $118, $119, $120, $121, $122, $123, $124, $125, $126), ($127, $128, $129, $130, $131, $132, $133, $134, $135, $136, $137, $138, $139, $140, $141, $142, $143, $144, $145, $146, $147), ($148, $149, $150, $151, $152, $153, $154, $155, $156, $157, $158, $159, $160, $161, $162, $163, $164, $165, $166, $167, $168), ($169, $170, $171, $172, $173, $174, $175, $176, $177, $178, $179, $180, $181, $182, $183, $184, $185, $186, $187, $188, $189), ($190, $191, $192, $193, $194, $195, $196, $197, $198, $199, $200, $201, $202, $203, $204, $205, $206, $207, $208, $209, $210), ($211, $212, $213, $214, $215, $216, $217, $218, $219, $220, $221, $222, $223, $224, $225, $226, $227, $228, $229, $230, $231), ($232, $233, $234, $235, $236, $237, $238, $239, $240, $241, $242, $243, $244, $245, $246, $247, $248, $249, $250, $251, $252), ($253, $254, $255, $256, $257, $258, $259, $260, $261, $262, $263, $264, $265, $266, $267, $268, $269, $270, $271, $272, $273), ($274, $275, $276, $277, $278, $279, $280, $281, $282, $283, $284, $285, $286, $287, $288, $289, $290, $291, $292, $293, $294), ($295, $296, $297, $298, $299, $300, $301, $302, $303, $304, $305, $306, $307, $308, $309, $310, $311, $312, $313, $314, $315), ($316, $317, $318, $319, $320, $321, $322, $323, $324, $325, $326, $327, $328, $329, $330, $331, $332, $333, $334, $335, $336), ($337, $338, $339, $340, $341, $342, $343, $344, $345, $346, $347, $348, $349, $350, $351, $352, $353, $354, $355, $356, $357), ($358, $359, $360, $361, $362, $363, $364, $365, $366, $367, $368, $369, $370, $371, $372, $373, $374, $375, $376, $377, $378), ($379, $380, $381, $382, $383, $384, $385, $386, $387, $388, $389, $390, $391, $392, $393, $394, $395, $396, $397, $398, $399), ($400, $401, $402, $403, $404, $405, $406, $407, $408, $409, $410, $411, $412, $413, $414, $415, $416, $417, $418, $419, $420), ($421, $422, $423, $424, $425, $426, $427, $428, $429, $430, $431, $432, $433, $434, $435, $436, $437, $438, $439, $440, $441), ($442, $443, $444, $445, $446, $447, $448, $449, $450, $451, $452, $453, $454, $455, $456, $457, $458, $459, $460, $461, $462), ($463, $464, $465, $466, $467, $468, $469, $470, $471, $472, $473, $474, $475, $476, $477, $478, $479, $480, $481, $482, $483), ($484, $485, $486, $487, $488, $489, $490, $491, $492, $493, $494, $495, $496, $497, $498, $499, $500, $501, $502, $503, $504), ($505, $506, $507, $508, $509, $510, $511, $512, $513, $514, $515, $516, $517, $518, $519, $520, $521, $522, $523, $524, $525), ($526, $527, $528, $529, $530, $531, $532, $533, $534, $535, $536, $537, $538, $539, $540, $541, $542, $543, $544, $545, $546), ($547, $548, $549, $550, $551, $552, $553, $554, $555, $556, $557, $558, $559, $560, $561, $562, $563, $564, $565, $566, $567), ($568, $569, $570, $571, $572, $573, $574, $575, $576, $577, $578, $579, $580, $581, $582, $583, $584, $585, $586, $587, $588), ($589, $590, $591, $592, $593, $594, $595, $596, $597, $598, $599, $600, $601, $602, $603, $604, $605, $606, $607, $608, $609), ($610, $611, $612, $613, $614, $615, $616, $617, $618, $619, $620, $621, $622, $623, $624, $625, $626, $627, $628, $629, $630), ($631, $632, $633, $634, $635, $636, $637, $638, $639, $640, $641, $642, $643, $644, $645, $646, $647, $648, $649, $650, $651), ($652, $653, $654, $655, $656, $657, $658, $659, $660, $661, $662, $663, $664, $665, $666, $667, $668, $669, $670, $671, $672), ($673, $674, $675, $676, $677, $678, $679, $680, $681, $682, $683, $684, $685, $686, $687, $688, $689, $690, $691, $692, $693), ($694, $695, $696, $697, $698, $699, $700, $701, $702, $703, $704, $705, $706, $707, $708, $709, $710, $711, $712, $713, $714), ($715, $716, $717, $718, $719, $720, $721, $722, $723, $724, $725, $726, $727, $728, $729, $730, $731, $732, $733, $734, $735), ($736, $737, $738, $739, $740, $741, $742, $743, $744, $745, $746, $747, $748, $749, $750, $751, $752, $753, $754, $755, $756), ($757, $758, $759, $760, $761, $762, $763, $764, $765, $766, $767, $768, $769, $770, $771, $772, $773, $774, $775, $776, $777), ($778, $779, $780, $781, $782, $783, $784, $785, $786, $787, $788, $789, $790, $791, $792, $793, $794, $795, $796, $797, $798), ($799, $800, $801, $802, $803, $804, $805, $806, $807, $808, $809, $810, $811, $812, $813, $814, $815, $816, $817, $818, $819), ($820, $821, $822, $823, $824, $825, $826, $827, $828, $829, $830, $831, $832, $833, $834, $835, $836, $837, $838, $839, $840), ($841, $842, $843, $844, $845, $846, $847, $848, $849, $850, $851, $852, $853, $854, $855, $856, $857, $858, $859, $860, $861), ($862, $863, $864, $865, $866, $867, $868, $869, $870, $871, $872, $873, $874, $875, $876, $877, $878, $879, $880, $881, $882), ($883, $884, $885, $886, $887, $888, $889, $890, $891, $892, $893, $894, $895, $896, $897, $898, $899, $900, $901, $902, $903), ($904, $905, $906, $907, $908, $909, $910, $911, $912, $913, $914, $915, $916, $917, $918, $919, $920, $921, $922, $923, $924), ($925, $926, $927, $928, $929, $930, $931, $932, $933, $934, $935, $936, $937, $938, $939, $940, $941, $942, $943, $944, $945), ($946, $947, $948, $949, $950, $951, $952, $953, $954, $955, $956, $957, $958, $959, $960, $961, $962, $963, $964, $965, $966), ($967, $968, $969, $970, $971, $972, $973, $974, $975, $976, $977, $978, $979, $980, $981, $982, $983, $984, $985, $986, $987), ($988, $989, $990, $991, $992, $993, $994, $995, $996, $997, $998, $999, $1000, $1001, $1002, $1003, $1004, $1005, $1006, $1007, $1008), ($1009, $1010, $1011, $1012, $1013, $1014, $1015, $1016, $1017, $1018, $1019, $1020, $1021, $1022, $1023, $1024, $1025, $1026, $1027, $1028, $1029), ($1030, $1031, $1032, $1033, $1034, $1035, $1036, $1037, $1038, $1039, $1040, $1041, $1042, $1043, $1044, $1045, $1046, $1047, $1048, $1049, $1050), ($1051, $1052, $1053, $1054, $1055, $1056, $1057, $1058, $1059, $1060, $1061, $1062, $1063, $1064, $1065, $1066, $1067, $1068, $1069, $1070, $1071), ($1072, $1073, $1074, $1075, $1076, $1077, $1078, $1079, $1080, $1081, $1082, $1083, $1084, $1085, $1086, $1087, $1088, $1089, $1090, $1091, $1092), ($1093, $1094, $1095, $1096, $1097, $1098, $1099, $1100, $1101, $1102, $1103, $1104, $1105, $1106, $1107, $1108, $1109, $1110, $1111, $1112, $1113), ($1114, $1115, $1116, $1117, $1118, $1119, $1120, $1121, $1122, $1123, $1124, $1125, $1126, $1127, $1128, $1129, $1130, $1131, $1132, $1133, $1134), ($1135, $1136, $1137, $1138, $1139, $1140, $1141, $1142, $1143, $1144, $1145, $1146, $1147, $1148, $1149, $1150, $1151, $1152, $1153, $1154, $1155), ($1156, $1157, $1158, $1159, $1160, $1161, $1162, $1163, $1164, $1165, $1166, $1167, $1168, $1169, $1170, $1171, $1172, $1173, $1174, $1175, $1176), ($1177, $1178, $1179, $1180, $1181, $1182, $1183, $1184, $1185, $1186, $1187, $1188, $1189, $1190, $1191, $1192, $1193, $1194, $1195, $1196, $1197), ($1198, $1199, $1200, $1201, $1202, $1203, $1204, $1205, $1206, $1207, $1208, $1209, $1210, $1211, $1212, $1213, $1214, $1215, $1216, $1217, $1218), ($1219, $1220, $1221, $1222, $1223, $1224, $1225, $1226, $1227, $1228, $1229, $1230, $1231, $1232, $1233, $1234, $1235, $1236, $1237, $1238, $1239), ($1240, $1241, $1242, $1243, $1244, $1245, $1246, $1247, $1248, $1249, $1250, $1251, $1252, $1253, $1254, $1255, $1256, $1257, $1258, $1259, $1260), ($1261, $1262, $1263, $1264, $1265, $1266, $1267, $1268, $1269, $1270, $1271, $1272, $1273, $1274, $1275, $1276, $1277, $1278, $1279, $1280, $1281), ($1282, $1283, $1284, $1285, $1286, $1287, $1288, $1289, $1290, $1291, $1292, $1293, $1294, $1295, $1296, $1297, $1298, $1299, $1300, $1301, $1302), ($1303, $1304, $1305, $1306, $1307, $1308, $1309, $1310, $1311, $1312, $1313, $1314, $1315, $1316, $1317, $1318, $1319, $1320, $1321, $1322, $1323), ($1324, $1325, $1326, $1327, $1328, $1329, $1330, $1331, $1332, $1333, $1334, $1335, $1336, $1337, $1338, $1339, $1340, $1341, $1342, $1343, $1344);
-- INSERT_EVENTS
INSERT INTO audit_events (id, revision, made_at, actor_kind, actor_id, actor_name, basis, basis_grant_id, permission, action, target_kind, target_id, target_name, organization_id, project_id, request_id, address, facts_before, facts_after, chain_key, chain_digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21), ($22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42), ($43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53, $54, $55, $56, $57, $58, $59, $60, $61, $62, $63), ($64, $65, $66, $67, $68, $69, $70, $71, $72, $73, $74, $75, $76, $77, $78, $79, $80, $81, $82, $83, $84), ($85, $86, $87, $88, $89, $90, $91, $92, $93, $94, $95, $96, $97, $98, $99, $100, $101, $102, $103, $104, $105), ($106, $107, $108, $109, $110, $111, $112, $113, $114, $115, $116, $117, $118, $119, $120, $121, $122, $123, $124, $125, $126), ($127, $128, $129, $130, $131, $132, $133, $134, $135, $136, $137, $138, $139, $140, $141, $142, $143, $144, $145, $146, $147), ($148, $149, $150, $151, $152, $153, $154, $155, $156, $157, $158, $159, $160, $161, $162, $163, $164, $165, $166, $167, $168), ($169, $170, $171, $172, $173, $174, $175, $176, $177, $178, $179, $180, $181, $182, $183, $184, $185, $186, $187, $188, $189), ($190, $191, $192, $193, $194, $195, $196, $197, $198, $199, $200, $201, $202, $203, $204, $205, $206, $207, $208, $209, $210), ($211, $212, $213, $214, $215, $216, $217, $218, $219, $220, $221, $222, $223, $224, $225, $226, $227, $228, $229, $230, $231), ($232, $233, $234, $235, $236, $237, $238, $239, $240, $241, $242, $243, $244, $245, $246, $247, $248, $249, $250, $251, $252), ($253, $254, $255, $256, $257, $258, $259, $260, $261, $262, $263, $264, $265, $266, $267, $268, $269, $270, $271, $272, $273), ($274, $275, $276, $277, $278, $279, $280, $281, $282, $283, $284, $285, $286, $287, $288, $289, $290, $291, $292, $293, $294), ($295, $296, $297, $298, $299, $300, $301, $302, $303, $304, $305, $306, $307, $308, $309, $310, $311, $312, $313, $314, $315), ($316, $317, $318, $319, $320, $321, $322, $323, $324, $325, $326, $327, $328, $329, $330, $331, $332, $333, $334, $335, $336);
-- INSERT_EVENTS
INSERT INTO audit_events (id, revision, made_at, actor_kind, actor_id, actor_name, basis, basis_grant_id, permission, action, target_kind, target_id, target_name, organization_id, project_id, request_id, address, facts_before, facts_after, chain_key, chain_digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21), ($22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42), ($43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53, $54, $55, $56, $57, $58, $59, $60, $61, $62, $63), ($64, $65, $66, $67, $68, $69, $70, $71, $72, $73, $74, $75, $76, $77, $78, $79, $80, $81, $82, $83, $84);
-- INSERT_GRANT
INSERT INTO grants (id, principal_id, principal_kind, home_organization_id, team_id, organization_id, project_id, workspace_id, role, custom_role_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);
-- INSERT_GRANTS
INSERT INTO grants (id, principal_id, principal_kind, home_organization_id, team_id, organization_id, project_id, workspace_id, role, custom_role_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11), ($12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22), ($23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33), ($34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44), ($45, $46, $47, $48, $49, $50, $51, $52, $53, $54, $55), ($56, $57, $58, $59, $60, $61, $62, $63, $64, $65, $66), ($67, $68, $69, $70, $71, $72, $73, $74, $75, $76, $77), ($78, $79, $80, $81, $82, $83, $84, $85, $86, $87, $88), ($89, $90, $91, $92, $93, $94, $95, $96, $97, $98, $99), ($100, $101, $102, $103, $104, $105, $106, $107, $108, $109, $110), ($111, $112, $113, $114, $115, $116, $117, $118, $119, $120, $121), ($122, $123, $124, $125, $126, $127, $128, $129, $130, $131, $132), ($133, $134, $135, $136, $137, $138, $139, $140, $141, $142, $143), ($144, $145, $146, $147, $148, $149, $150, $151, $152, $153, $154), ($155, $156, $157, $158, $159, $160, $161, $162, $163, $164, $165), ($166, $167, $168, $169, $170, $171, $172, $173, $174, $175, $176), ($177, $178, $179, $180, $181, $182, $183, $184, $185, $186, $187), ($188, $189, $190, $191, $192, $193, $194, $195, $196, $197, $198), ($199, $200, $201, $202, $203, $204, $205, $206, $207, $208, $209), ($210, $211, $212, $213, $214, $215, $216, $217, $218, $219, $220), ($221, $222, $223, $224, $225, $226, $227, $228, $229, $230, $231), ($232, $233, $234, $235, $236, $237, $238, $239, $240, $241, $242), ($243, $244, $245, $246, $247, $248, $249, $250, $251, $252, $253), ($254, $255, $256, $257, $258, $259, $260, $261, $262, $263, $264), ($265, $266, $267, $268, $269, $270, $271, $272, $273, $274, $275), ($276, $277, $278, $279, $280, $281, $282, $283, $284, $285, $286), ($287, $288, $289, $290, $291, $292, $293, $294, $295, $296, $297), ($298, $299, $300, $301, $302, $303, $304, $305, $306, $307, $308), ($309, $310, $311, $312, $313, $314, $315, $316, $317, $318, $319), ($320, $321, $322, $323, $324, $325, $326, $327, $328, $329, $330), ($331, $332, $333, $334, $335, $336, $337, $338, $339, $340, $341), ($342, $343, $344, $345, $346, $347, $348, $349, $350, $351, $352), ($353, $354, $355, $356, $357, $358, $359, $360, $361, $362, $363), ($364, $365, $366, $367, $368, $369, $370, $371, $372, $373, $374), ($375, $376, $377, $378, $379, $380, $381, $382, $383, $384, $385), ($386, $387, $388, $389, $390, $391, $392, $393, $394, $395, $396), ($397, $398, $399, $400, $401, $402, $403, $404, $405, $406, $407), ($408, $409, $410, $411, $412, $413, $414, $415, $416, $417, $418), ($419, $420, $421, $422, $423, $424, $425, $426, $427, $428, $429), ($430, $431, $432, $433, $434, $435, $436, $437, $438, $439, $440), ($441, $442, $443, $444, $445, $446, $447, $448, $449, $450, $451), ($452, $453, $454, $455, $456, $457, $458, $459, $460, $461, $462), ($463, $464, $465, $466, $467, $468, $469, $470, $471, $472, $473), ($474, $475, $476, $477, $478, $479, $480, $481, $482, $483, $484), ($485, $486, $487, $488, $489, $490, $491, $492, $493, $494, $495), ($496, $497, $498, $499, $500, $501, $502, $503, $504, $505, $506), ($507, $508, $509, $510, $511, $512, $513, $514, $515, $516, $517), ($518, $519, $520, $521, $522, $523, $524, $525, $526, $527, $528), ($529, $530, $531, $532, $533, $534, $535, $536, $537, $538, $539), ($540, $541, $542, $543, $544, $545, $546, $547, $548, $549, $550), ($551, $552, $553, $554, $555, $556, $557, $558, $559, $560, $561), ($562, $563, $564, $565, $566, $567, $568, $569, $570, $571, $572), ($573, $574, $575, $576, $577, $578, $579, $580, $581, $582, $583), ($584, $585, $586, $587, $588, $589, $590, $591, $592, $593, $594), ($595, $596, $597, $598, $599, $600, $601, $602, $603, $604, $605), ($606, $607, $608, $609, $610, $611, $612, $613, $614, $615, $616), ($617, $618, $619, $620, $621, $622, $623, $624, $625, $626, $627), ($628, $629, $630, $631, $632, $633, $634, $635, $636, $637, $638), ($639, $640, $641, $642, $643, $644, $645, $646, $647, $648, $649), ($650, $651, $652, $653, $654, $655, $656, $657, $658, $659, $660), ($661, $662, $663, $664, $665, $666, $667, $668, $669, $670, $671), ($672, $673, $674, $675, $676, $677, $678, $679, $680, $681, $682), ($683, $684, $685, $686, $687, $688, $689, $690, $691, $692, $693), ($694, $695, $696, $697, $698, $699, $700, $701, $702, $703, $704);
-- INSERT_GRANTS
INSERT INTO grants (id, principal_id, principal_kind, home_organization_id, team_id, organization_id, project_id, workspace_id, role, custom_role_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11), ($12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22), ($23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33), ($34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44), ($45, $46, $47, $48, $49, $50, $51, $52, $53, $54, $55), ($56, $57, $58, $59, $60, $61, $62, $63, $64, $65, $66), ($67, $68, $69, $70, $71, $72, $73, $74, $75, $76, $77), ($78, $79, $80, $81, $82, $83, $84, $85, $86, $87, $88), ($89, $90, $91, $92, $93, $94, $95, $96, $97, $98, $99), ($100, $101, $102, $103, $104, $105, $106, $107, $108, $109, $110), ($111, $112, $113, $114, $115, $116, $117, $118, $119, $120, $121), ($122, $123, $124, $125, $126, $127, $128, $129, $130, $131, $132), ($133, $134, $135, $136, $137, $138, $139, $140, $141, $142, $143), ($144, $145, $146, $147, $148, $149, $150, $151, $152, $153, $154), ($155, $156, $157, $158, $159, $160, $161, $162, $163, $164, $165), ($166, $167, $168, $169, $170, $171, $172, $173, $174, $175, $176);
-- INSERT_GRANTS
INSERT INTO grants (id, principal_id, principal_kind, home_organization_id, team_id, organization_id, project_id, workspace_id, role, custom_role_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11), ($12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22), ($23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33), ($34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44);
-- INSERT_KEY
INSERT INTO idempotency_keys (caller_id, key_digest, made_id, made_at) VALUES ($1, $2, $3, $4);
-- INSERT_LABEL
INSERT INTO account_labels (principal_id, name, value) VALUES ($1, $2, $3);
-- INSERT_MEMBER
INSERT INTO team_members (team_id, organization_id, principal_id, principal_kind, home_organization_id, added_at) VALUES ($1, $2, $3, $4, $5, $6);
-- INSERT_NODE
INSERT INTO nodes (incarnation, applied, lease_millis, reports, name, version, joined_at) SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), 0, CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS BIGINT) FROM head WHERE id = 1 AND closed = 0 AND epoch_mark = $7;
-- INSERT_ORGANIZATION
INSERT INTO organizations (id, name, created_at) VALUES ($1, $2, $3);
-- INSERT_PRINCIPAL
INSERT INTO principals (id, kind, organization_id, username, display_name, email, created_at, creator_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8);
-- INSERT_PROJECT
INSERT INTO projects (id, organization_id, name, timezone, slug, created_at, creator_id) VALUES ($1, $2, $3, $4, $5, $6, $7);
-- INSERT_SECRET
INSERT INTO secrets (id, principal_id, digest_kind, digest, created_at, expires_at) VALUES ($1, $2, 'sha256', $3, $4, $5);
-- INSERT_WORKSPACE
INSERT INTO workspaces (id, project_id, name, description, is_default, is_restricted, is_visible, created_at, creator_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);
-- LEAVE
DELETE FROM nodes WHERE incarnation = $1;
-- LEAVE_TEAMS
DELETE FROM team_members WHERE principal_id = $1;
-- LIST
SELECT id, made_at, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name, organization_id, project_id, request_id, address, facts_before, facts_after FROM audit_events WHERE organization_id = $1 AND (made_at, id) < ($2, $3) AND made_at >= $4 AND ($5 = 0 OR project_id = $5) AND ($6 = 0 OR actor_id = $6) AND ($7 = '' OR action = $7) AND ($8 = '' OR substr(action, 1, length($8)) = $8) AND ($9 = '' OR (target_kind = $9 AND target_id = $10)) AND ($11 = '' OR $11 LIKE '%,' || CAST(actor_id AS TEXT) || ',%') AND ($12 = '' OR $12 LIKE '%,' || target_kind || ':' || CAST(target_id AS TEXT) || ',%') ORDER BY made_at DESC, id DESC LIMIT $13;
-- LIST_BY_ACTION
SELECT id, made_at, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name, organization_id, project_id, request_id, address, facts_before, facts_after FROM audit_events WHERE (organization_id, action, made_at, id) < ($1, $7, $2, $3) AND (organization_id, action, made_at) >= ($1, $7, $4) AND ($5 = 0 OR project_id = $5) AND ($6 = 0 OR actor_id = $6) AND ($7 = '' OR action = $7) AND ($8 = '' OR substr(action, 1, length($8)) = $8) AND ($9 = '' OR (target_kind = $9 AND target_id = $10)) AND ($11 = '' OR $11 LIKE '%,' || CAST(actor_id AS TEXT) || ',%') AND ($12 = '' OR $12 LIKE '%,' || target_kind || ':' || CAST(target_id AS TEXT) || ',%') ORDER BY organization_id DESC, action DESC, made_at DESC, id DESC LIMIT $13;
-- LIST_BY_ACTOR
SELECT id, made_at, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name, organization_id, project_id, request_id, address, facts_before, facts_after FROM audit_events WHERE NOT (organization_id <> $1) AND actor_id = $6 AND (made_at, id) < ($2, $3) AND made_at >= $4 AND ($5 = 0 OR project_id = $5) AND ($6 = 0 OR actor_id = $6) AND ($7 = '' OR action = $7) AND ($8 = '' OR substr(action, 1, length($8)) = $8) AND ($9 = '' OR (target_kind = $9 AND target_id = $10)) AND ($11 = '' OR $11 LIKE '%,' || CAST(actor_id AS TEXT) || ',%') AND ($12 = '' OR $12 LIKE '%,' || target_kind || ':' || CAST(target_id AS TEXT) || ',%') ORDER BY made_at DESC, id DESC LIMIT $13;
-- LIST_BY_PROJECT
SELECT id, made_at, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name, organization_id, project_id, request_id, address, facts_before, facts_after FROM audit_events WHERE NOT (organization_id <> $1) AND project_id = $5 AND (made_at, id) < ($2, $3) AND made_at >= $4 AND ($5 = 0 OR project_id = $5) AND ($6 = 0 OR actor_id = $6) AND ($7 = '' OR action = $7) AND ($8 = '' OR substr(action, 1, length($8)) = $8) AND ($9 = '' OR (target_kind = $9 AND target_id = $10)) AND ($11 = '' OR $11 LIKE '%,' || CAST(actor_id AS TEXT) || ',%') AND ($12 = '' OR $12 LIKE '%,' || target_kind || ':' || CAST(target_id AS TEXT) || ',%') ORDER BY made_at DESC, id DESC LIMIT $13;
-- LIST_BY_TARGET
SELECT id, made_at, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name, organization_id, project_id, request_id, address, facts_before, facts_after FROM audit_events WHERE NOT (organization_id <> $1) AND target_kind = $9 AND target_id = $10 AND (made_at, id) < ($2, $3) AND made_at >= $4 AND ($5 = 0 OR project_id = $5) AND ($6 = 0 OR actor_id = $6) AND ($7 = '' OR action = $7) AND ($8 = '' OR substr(action, 1, length($8)) = $8) AND ($9 = '' OR (target_kind = $9 AND target_id = $10)) AND ($11 = '' OR $11 LIKE '%,' || CAST(actor_id AS TEXT) || ',%') AND ($12 = '' OR $12 LIKE '%,' || target_kind || ':' || CAST(target_id AS TEXT) || ',%') ORDER BY made_at DESC, id DESC LIMIT $13;
-- LIST_FILTERED
SELECT p.id, p.username, p.created_at, p.creator_id, p.is_disabled, p.is_protected, COALESCE(c.username, c.display_name) AS creator_name, COALESCE(c.username, c.email) AS creator_email, (SELECT MAX(s.last_used_at) FROM secrets s WHERE s.principal_id = p.id) AS last_used_at, (SELECT CASE WHEN COUNT(*) = COUNT(s.expires_at) THEN MAX(s.expires_at) ELSE NULL END FROM secrets s WHERE s.principal_id = p.id) AS expires_at FROM principals p LEFT JOIN principals c ON c.id = p.creator_id WHERE p.kind = 2 AND p.deleted_at IS NULL AND p.organization_id = $1 AND ($2 = 0 OR (NOT EXISTS ( SELECT 1 FROM grants g LEFT JOIN account_details d ON d.principal_id = p.id WHERE g.principal_kind = 1 AND g.organization_id = p.organization_id AND g.project_id IS NULL AND g.principal_id = CASE COALESCE(d.owner_kind, 'creator') WHEN 'creator' THEN p.creator_id WHEN 'person' THEN d.owner_id END) AND NOT EXISTS ( SELECT 1 FROM account_details d JOIN teams t ON t.id = d.owner_id WHERE d.principal_id = p.id AND d.owner_kind = 'team' AND t.organization_id = p.organization_id))) AND ($3 = '' OR EXISTS ( SELECT 1 FROM account_labels l WHERE l.principal_id = p.id AND l.name = $3 AND ($4 = 0 OR l.value = $5))) AND p.id > $6 AND lower(p.username) LIKE $7 ESCAPE '!' ORDER BY p.id LIMIT $8;
-- LIST_IN_ORGANIZATION
SELECT p.id, p.username, p.created_at, p.creator_id, p.is_disabled, p.is_protected, COALESCE(c.username, c.display_name) AS creator_name, COALESCE(c.username, c.email) AS creator_email, (SELECT MAX(s.last_used_at) FROM secrets s WHERE s.principal_id = p.id) AS last_used_at, (SELECT CASE WHEN COUNT(*) = COUNT(s.expires_at) THEN MAX(s.expires_at) ELSE NULL END FROM secrets s WHERE s.principal_id = p.id) AS expires_at FROM principals p LEFT JOIN principals c ON c.id = p.creator_id WHERE p.kind = 2 AND p.deleted_at IS NULL AND p.organization_id = $1 AND p.id > $2 AND lower(p.username) LIKE $3 ESCAPE '!' ORDER BY p.id LIMIT $4;
-- LIST_IN_PROJECT
SELECT p.id, p.username, p.created_at, p.creator_id, p.is_disabled, p.is_protected, COALESCE(c.username, c.display_name) AS creator_name, COALESCE(c.username, c.email) AS creator_email, (SELECT MAX(s.last_used_at) FROM secrets s WHERE s.principal_id = p.id) AS last_used_at, (SELECT CASE WHEN COUNT(*) = COUNT(s.expires_at) THEN MAX(s.expires_at) ELSE NULL END FROM secrets s WHERE s.principal_id = p.id) AS expires_at FROM principals p LEFT JOIN principals c ON c.id = p.creator_id WHERE p.kind = 2 AND p.deleted_at IS NULL AND p.id IN ( SELECT g.principal_id FROM grants g WHERE g.project_id = $1 AND (g.workspace_id IS NULL OR g.workspace_id = $2) UNION SELECT m.principal_id FROM grants g JOIN team_members m ON m.team_id = g.team_id WHERE g.project_id = $1 AND (g.workspace_id IS NULL OR g.workspace_id = $2) UNION SELECT g.principal_id FROM grants g WHERE g.organization_id = $3 AND g.project_id IS NULL AND g.role IN ('admin', 'owner') UNION SELECT a.id FROM principals a WHERE a.organization_id = $3 AND 0 < ( SELECT COUNT(*) FROM grants g WHERE g.project_id = $1 AND g.principal_id IS NULL AND g.team_id IS NULL)) AND p.id > $4 AND lower(p.username) LIKE $5 ESCAPE '!' ORDER BY p.id LIMIT $6;
-- LIST_SECRETS
SELECT s.id, s.name, s.created_at, s.expires_at, s.first_used_at, s.last_used_at, s.last_used_address, s.is_disabled FROM secrets s JOIN principals p ON p.id = s.principal_id WHERE p.organization_id = $1 AND p.id = $2 AND p.kind = 2 ORDER BY s.id;
-- LIST_USES
SELECT string_agg(concat_ws(' ', id, created_at, creator, used), ';') AS packed FROM ( SELECT p.id, p.created_at, COALESCE(p.creator_id, 0) AS creator, COALESCE((SELECT MAX(s.last_used_at) FROM secrets s WHERE s.principal_id = p.id), -1) AS used FROM principals p WHERE p.organization_id = $1 AND p.id > $2 AND p.kind = 2 AND p.deleted_at IS NULL ORDER BY p.id LIMIT $3) accounts;
-- LONGEST_LEASE
SELECT COALESCE(MAX(lease_millis), 0) AS longest FROM nodes;
-- LOWER_HOLDERS
UPDATE grants SET role = $2, custom_role_id = NULL WHERE custom_role_id = $1;
-- MARK_OUT
DELETE FROM nodes WHERE incarnation = $1 AND applied < $2;
-- MARK_PRINCIPAL_DELETED
UPDATE principals SET deleted_at = $2 WHERE id = $1;
-- MOVE_ANCHOR
UPDATE audit_anchors SET removed_to = $3, digest = $4, key_id = $5, mac = $6 WHERE series = $1 AND begun_after = $2;
-- MOVE_END
UPDATE observation_head SET next_event = $1, chain_digest = $2 WHERE id = 1;
-- MOVE_HEAD
UPDATE head SET revision = $1, mark = $2, next_id = $3, next_event = $4, chain_digest = $5 WHERE id = 1;
-- NAME_EPOCH
UPDATE head SET epoch_mark = $1 WHERE id = 1 AND epoch_mark = '';
-- NAME_SECRET
UPDATE secrets SET name = $2 WHERE id = $1;
-- NOTE_SEEN
UPDATE sessions SET seen_at = $2 WHERE id = $1 AND (seen_at IS NULL OR seen_at < $2);
-- NOTE_USE
UPDATE secrets SET first_used_at = CASE WHEN last_used_at IS NULL OR first_used_at > $2 THEN $2 ELSE first_used_at END, last_used_address = CASE WHEN last_used_at > $3 THEN last_used_address ELSE CAST($4 AS TEXT) END, last_used_at = CASE WHEN last_used_at > $3 THEN last_used_at ELSE $3 END WHERE id = $1;
-- NOT_ADMITTED
SELECT principal_id, day, not_admitted FROM account_days WHERE organization_id = $1 AND not_admitted > 0 AND day >= $2 ORDER BY day DESC LIMIT $3;
-- OPEN
UPDATE head SET closed = 0 WHERE id = 1 AND epoch_mark = $1 AND closed = 1;
-- ORGANIZATION_DAYS
SELECT day, admitted, not_admitted, not_permitted FROM organization_days WHERE organization_id = $1 AND day >= $2;
-- ORGANIZATION_KNOWN_SINCE
SELECT CASE WHEN o.created_at > c.begun_at THEN o.created_at ELSE c.begun_at END AS since FROM counting c JOIN organizations o ON o.id = $1;
-- PEEK
SELECT string_agg(incarnation || ' ' || applied || ' ' || lease_millis || ' ' || name, ';') AS members, (SELECT COUNT(*) FROM changes WHERE revision = $1 AND mark = $2) AS stands FROM nodes;
-- PLACE
SELECT made_at FROM audit_events WHERE id = $1 AND organization_id = $2 AND ($3 = 0 OR project_id = $3);
-- PROTECT_ACCOUNT
UPDATE principals SET is_protected = $2 WHERE id = $1;
-- PUT
INSERT INTO password_resets (person_id, digest_kind, digest, made_at, expires_at, maker_id, is_of_operator) VALUES ($1, 'sha256', $2, $3, $4, $5, $6) ON CONFLICT (person_id) DO UPDATE SET digest_kind = excluded.digest_kind, digest = excluded.digest, made_at = excluded.made_at, expires_at = excluded.expires_at, maker_id = excluded.maker_id, is_of_operator = excluded.is_of_operator;
-- PUT
INSERT INTO set_up_links (organization_id, digest_kind, digest, made_at, expires_at) VALUES ($1, 'sha256', $2, $3, $4) ON CONFLICT (organization_id) DO UPDATE SET digest_kind = excluded.digest_kind, digest = excluded.digest, made_at = excluded.made_at, expires_at = excluded.expires_at;
-- READ_ACCOUNTS
SELECT string_agg(concat_ws(' ', id, organization_id, CASE WHEN deleted_at IS NULL THEN 0 ELSE 1 END + 2 * is_disabled + 4 * is_protected, username), ';') AS packed FROM principals WHERE kind = 2 AND id >= $1 AND id < $2;
-- READ_ACCOUNT_ADDRESSES
SELECT principal_id, addresses FROM account_addresses;
-- READ_AHEAD
SELECT revision, mark, CASE WHEN revision > $1 THEN body ELSE '' END AS body FROM changes WHERE revision >= $1 ORDER BY revision LIMIT $2;
-- READ_CHANGES
SELECT revision, mark, body FROM changes WHERE revision > $1 ORDER BY revision LIMIT $2;
-- READ_CODES
SELECT person_id, digest_kind, digest FROM recovery_codes ORDER BY person_id;
-- READ_CUSTOM_ROLES
SELECT id, project_id, name, description, permissions, copied_from, created_at, modified_at, creator_id FROM custom_roles ORDER BY id;
-- READ_DETAILS
SELECT principal_id, owner_kind, owner_id, description FROM account_details WHERE principal_id > $1 ORDER BY principal_id LIMIT $2;
-- READ_ENDS
SELECT h.next_event AS mutations, o.next_event AS observations FROM head h, observation_head o WHERE h.id = 1 AND o.id = 1;
-- READ_EPOCH
SELECT epoch, epoch_mark, closed, revision FROM head WHERE id = 1;
-- READ_EVENTS
SELECT id, revision, made_at, actor_kind, actor_id, actor_name, basis, basis_grant_id, permission, action, target_kind, target_id, target_name, organization_id, project_id, request_id, address, facts_before, facts_after, chain_key, chain_digest FROM audit_events WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3;
-- READ_FACTORS
SELECT person_id, sealed, last_step, enabled_at FROM second_factors ORDER BY person_id;
-- READ_GRANTS
SELECT string_agg(concat_ws(' ', principal_id, id, CASE WHEN project_id IS NULL THEN 'o' WHEN workspace_id IS NULL THEN 'p' ELSE 'w' END, COALESCE(workspace_id, project_id, organization_id), COALESCE(CAST(custom_role_id AS TEXT), role)), ';') AS packed FROM grants WHERE principal_id >= $1 AND principal_id < $2;
-- READ_HEAD
SELECT revision, mark, next_id, username_suffix FROM head WHERE id = 1;
-- READ_INVITATIONS
SELECT id, organization_id, email, digest_kind, digest, created_at, expires_at, role, granted, inviter_id FROM invitations ORDER BY id;
-- READ_LABELS
SELECT principal_id, name, value FROM account_labels WHERE principal_id > $1 AND principal_id <= $2;
-- READ_LAST_KEY
SELECT chain_key FROM audit_events WHERE id > $1 AND id <= $2 AND chain_key IS NOT NULL ORDER BY id DESC LIMIT 1;
-- READ_MEMBERSHIPS
SELECT string_agg(concat_ws(' ', principal_id, team_id), ';') AS packed FROM team_members WHERE principal_id >= $1 AND principal_id < $2;
-- READ_MUTATIONS
SELECT h.next_event, h.chain_digest, a.begun_after, a.removed_to, a.digest, a.key_id, a.mac FROM head h LEFT JOIN audit_anchors a ON a.series = 'mutations' WHERE h.id = 1;
-- READ_NODES
SELECT n.incarnation, n.applied, n.lease_millis, n.reports, n.name, n.version, n.joined_at, h.revision FROM nodes n JOIN head h ON h.id = 1 ORDER BY n.name, n.joined_at, n.incarnation;
-- READ_OBSERVATIONS
SELECT h.next_event, h.chain_digest, a.begun_after, a.removed_to, a.digest, a.key_id, a.mac FROM observation_head h LEFT JOIN audit_anchors a ON a.series = 'observations' WHERE h.id = 1;
-- READ_OLDEST
SELECT id, made_at, chain_digest FROM audit_events WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3;
-- READ_ORGANIZATIONS
SELECT id, name FROM organizations ORDER BY id;
-- READ_PEOPLE
SELECT id, display_name, email, created_at, CASE WHEN deleted_at IS NULL THEN 0 ELSE 1 END AS deleted FROM principals WHERE kind = 1 ORDER BY id;
-- READ_POLICIES
SELECT organization_id, secret_lifetime_max, expiry_required, CAST(secrets_max AS BIGINT) AS secrets_max, project_admins_create, plain_text_allowed, name_pattern, addresses FROM policies;
-- READ_PROJECTS
SELECT id, organization_id, name, timezone, slug FROM projects ORDER BY id;
-- READ_REPORTS
SELECT incarnation, lease_millis, reports FROM nodes;
-- READ_RESETS
SELECT person_id, digest_kind, digest, made_at, expires_at, maker_id, is_of_operator FROM password_resets ORDER BY person_id;
-- READ_RUN
SELECT id, revision, made_at, actor_kind, actor_id, actor_name, basis, basis_grant_id, permission, action, target_kind, target_id, target_name, organization_id, project_id, request_id, address, facts_before, facts_after, chain_key, chain_digest FROM audit_events WHERE id >= $1 AND id <= $2 ORDER BY id;
-- READ_SECRETS
SELECT string_agg(concat_ws(' ', principal_id, id, CASE WHEN digest_kind <> 'sha256' THEN NULL WHEN is_disabled = 0 THEN digest ELSE '!' || digest END, expires_at), ';') AS packed FROM secrets WHERE principal_id >= $1 AND principal_id < $2;
-- READ_SEEN
SELECT id, seen_at FROM sessions WHERE seen_at IS NOT NULL;
-- READ_SESSIONS
SELECT id, person_id, digest_kind, digest, begun_at, ends_at, address, browser FROM sessions ORDER BY id;
-- READ_SET_UP_LINKS
SELECT organization_id, digest_kind, digest, expires_at FROM set_up_links;
-- READ_SHARED_GRANTS
SELECT id, team_id, project_id, workspace_id, COALESCE(CAST(custom_role_id AS TEXT), role) AS role FROM grants WHERE principal_id IS NULL ORDER BY id;
-- READ_TEAMS
SELECT id, organization_id, name FROM teams ORDER BY id;
-- READ_WORKSPACES
SELECT id, project_id, name, description, is_default, is_restricted, is_visible, created_at, creator_id FROM workspaces ORDER BY id;
-- REFUSED_BY_REASON
SELECT reason, principal_id, requests, address, total FROM ( SELECT reason, principal_id, CAST(SUM(requests) AS BIGINT) AS requests, CASE WHEN MIN(address) = MAX(address) THEN MIN(address) ELSE '' END AS address, CAST(SUM(SUM(requests)) OVER (PARTITION BY reason) AS BIGINT) AS total, ROW_NUMBER() OVER (PARTITION BY reason ORDER BY SUM(requests) DESC, principal_id) AS place FROM refused_hours WHERE organization_id = $1 AND hour > $2 GROUP BY reason, principal_id ) ranked WHERE place = 1 ORDER BY total DESC, reason;
-- REMOVE_OLDEST
DELETE FROM audit_events WHERE id > $1 AND id <= $2;
-- RENAME
UPDATE teams SET name = $2 WHERE id = $1;
-- RENEW
UPDATE invitations SET digest = $2, expires_at = $3, inviter_id = $4 WHERE id = $1;
-- REPORT
UPDATE nodes SET applied = CASE WHEN applied < $1 THEN $1 ELSE applied END, reports = reports + 1 WHERE incarnation = $2 AND ($1 = 0 OR EXISTS (SELECT 1 FROM changes WHERE revision = $1 AND mark = $3)) AND EXISTS (SELECT 1 FROM head WHERE id = 1 AND closed = 0 AND epoch_mark = $4) RETURNING (SELECT revision FROM head WHERE id = 1) AS head, CAST(CURRENT_TIMESTAMP AS TEXT) AS time, (SELECT string_agg(incarnation || ' ' || applied || ' ' || lease_millis || ' ' || name, ';') FROM nodes) AS members;
-- SET_ACCOUNT_ADDRESSES
INSERT INTO account_addresses (principal_id, addresses) VALUES ($1, $2) ON CONFLICT (principal_id) DO UPDATE SET addresses = $2;
-- SET_PASSWORD
INSERT INTO passwords (principal_id, phc, set_at) VALUES ($1, $2, $3) ON CONFLICT (principal_id) DO UPDATE SET phc = excluded.phc, set_at = excluded.set_at;
-- SET_POLICY
INSERT INTO policies (organization_id, secret_lifetime_max, expiry_required, secrets_max, project_admins_create, plain_text_allowed, name_pattern, addresses) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (organization_id) DO UPDATE SET secret_lifetime_max = $2, expiry_required = $3, secrets_max = $4, project_admins_create = $5, plain_text_allowed = $6, name_pattern = $7, addresses = $8;
-- SINCE
SELECT id, made_at, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name, organization_id, project_id, request_id, address, facts_before, facts_after FROM audit_events WHERE NOT (organization_id <> $1) AND id > $2 AND id <= $3 AND made_at >= $4 AND made_at < $14 AND ($5 = 0 OR project_id = $5) AND ($6 = 0 OR actor_id = $6) AND ($7 = '' OR action = $7) AND ($8 = '' OR substr(action, 1, length($8)) = $8) AND ($9 = '' OR (target_kind = $9 AND target_id = $10)) AND ($11 = '' OR $11 LIKE '%,' || CAST(actor_id AS TEXT) || ',%') AND ($12 = '' OR $12 LIKE '%,' || target_kind || ':' || CAST(target_id AS TEXT) || ',%') ORDER BY id LIMIT $13;
-- TAKE_ANCHOR
UPDATE audit_anchors SET removed_to = removed_to WHERE series = $1;
-- TAKE_END
UPDATE observation_head SET next_event = next_event WHERE id = 1 RETURNING next_event, chain_digest;
-- TAKE_HEAD
UPDATE head SET revision = revision WHERE id = 1 RETURNING revision, mark, next_event, chain_digest, closed, epoch_mark;
-- UPDATE
UPDATE custom_roles SET name = $2, description = $3, permissions = $4, copied_from = $5, modified_at = $6 WHERE id = $1;
-- UPDATE_PROJECT
UPDATE projects SET name = $2, timezone = $3, slug = $4 WHERE id = $1;
-- UPDATE_SECRET_EXPIRY
UPDATE secrets SET expires_at = $2 WHERE id = $1;
-- UPDATE_WORKSPACE
UPDATE workspaces SET name = $2, description = $3, is_restricted = $4, is_visible = $5 WHERE id = $1;
-- USE_STEP
UPDATE second_factors SET last_step = $2 WHERE person_id = $1;
